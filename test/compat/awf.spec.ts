import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually } from '../support/runs.js';
import { entrancesOf } from './support/entrances.js';
import { DialectClient, type SseMessage } from './support/http.js';
import { deviation, row } from './support/rows.js';
import { expectShape } from './support/shape.js';
import { bash, hasPython, javascript, python } from './support/snippets.js';

interface Execution {
  execution_id: string;
  workflow_name: string;
  status: string;
  current_step: string;
}
interface Body<T> {
  body: T;
}

const UUID = /^[0-9a-f-]{36}$/;
const REVIEW = {
  name: 'code-review',
  version: '1.0.0',
  description: 'Review code for bugs and security issues',
};
const EXECUTION = {
  execution_id: '550e8400-e29b-41d4-a716-446655440000',
  workflow_name: 'code-review',
  status: 'running',
  current_step: 'analyze',
  started_at: '2026-05-17T20:39:00Z',
  updated_at: '2026-05-17T20:39:05Z',
};
/** The request as the page prints it. */
const RUN = { inputs: { file: 'main.go', model: 'claude-opus-4-20250805' } };

let root: string;
let server: TestApp;

const workflow = (name: string, text: string): Promise<void> => writeFile(join(root, 'workflows', `${name}.yaml`), text);

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'heddle-awf-door-'));
  await mkdir(join(root, 'workflows'), { recursive: true });
  const inputs = 'inputs:\n  - { name: file, type: string, required: true }\n  - { name: model, type: string, default: good }\n';
  await workflow(
    'code-review',
    `name: code-review
version: "1.0.0"
description: Review code for bugs and security issues
${inputs}states:
  initial: read
  read: { type: step, command: "echo package {{inputs.file}}", on_success: analyze, on_failure: failed }
  analyze: { type: step, command: "test '{{inputs.model}}' != bad || { echo timeout exceeded >&2; exit 1; }", on_success: done, on_failure: failed }
  done: { type: terminal }
  failed: { type: terminal, status: failure, message: "review failed: {{.error.Message}}" }
`,
  );
  await workflow(
    'deploy-app',
    'name: deploy-app\nversion: 2.1.0\ndescription: Deploy application to production\nstates:\n  initial: wait\n  wait: { type: step, command: echo waiting; sleep 300, on_success: done, on_failure: done }\n  done: { type: terminal }\n',
  );
  await workflow(
    'broken',
    'name: broken\nstates:\n  initial: a\n  a: { type: step, command: "true", on_success: invalid_ref, on_failure: done }\n  done: { type: terminal }\n',
  );
  server = await startApp({
    env: { HEDDLE_WORKFLOWS_DIR: `awf=${root}`, HEDDLE_COMPAT_PORTS: 'awf=0', HEDDLE_ANONYMOUS_ROLE: 'operator' },
  });
});
afterAll(async () => {
  await server?.close();
  rmSync(root, { recursive: true, force: true });
});

describe.each(entrancesOf('awf'))('AWF %s', (_where, urlOf) => {
  let awf: DialectClient;

  beforeAll(() => {
    awf = new DialectClient(urlOf(server), undefined);
  });

  const start = async (name: string, body: object): Promise<string> => {
    const answer = await awf.post<Body<{ execution_id: string }>>(`/api/workflows/${name}/run`, body, 202);
    return answer.body.execution_id;
  };
  const read = async (id: string): Promise<Execution> => (await awf.get<Body<Execution>>(`/api/executions/${id}`)).body;
  const ended = (id: string): Promise<Execution> =>
    eventually(
      () => read(id),
      ({ status }) => status !== 'running' && status !== 'pending',
      30_000,
    );
  const review = async (model = 'good'): Promise<string> => {
    const id = await start('code-review', { inputs: { file: 'main.go', model } });
    await ended(id);
    return id;
  };
  const names = (messages: readonly SseMessage[]): string[] =>
    messages.map(({ event, data }) => `${event} ${String(data['step_name'] ?? data['status'])}`);

  row('GET /api/workflows', 'the example', async () => {
    const { body } = await awf.get<Body<{ workflows: object[] }>>('/api/workflows');
    expectShape(body, { workflows: [REVIEW] });
    expect(body.workflows).toMatchObject([
      REVIEW,
      { name: 'deploy-app', version: '2.1.0' },
      { name: 'broken', version: '', description: '' },
    ]);
  });

  row('GET /api/workflows/{name}', 'the example', async () => {
    const { body } = await awf.get<Body<object>>('/api/workflows/code-review');
    expectShape(body, { ...REVIEW, states: { initial: 'read', read: { type: 'step', command: 'cat {{inputs.file}}' } } });
    expect(body).toMatchObject({ ...REVIEW, states: { initial: 'read', read: { type: 'step' }, done: { type: 'terminal' } } });
  });

  row('GET /api/workflows/{name}', 'the problem that the page shows', async () => {
    const { status, headers, body } = await awf.send('GET', '/api/workflows/nonexistent');
    expect(status).toBe(404);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({ status: 404, title: 'Not Found', detail: 'workflow not found: nonexistent' });
  });

  row('GET /api/workflows/{scope}/{name}', 'the same by its scope', async () => {
    expect((await awf.get<Body<object>>('/api/workflows/local/code-review')).body).toMatchObject(REVIEW);
    expect((await awf.send('GET', '/api/workflows/pack/code-review')).body).toMatchObject({
      detail: 'workflow not found: pack/code-review',
    });
  });

  row('POST /api/workflows/{name}/validate', 'a valid workflow has no errors', async () => {
    expect(await awf.post('/api/workflows/code-review/validate', undefined, 200)).toEqual({ body: { errors: [] } });
  });

  row('POST /api/workflows/{name}/validate', 'an invalid one is answered with its errors, and 200', async () => {
    const answer = await awf.post<Body<{ errors: string[] }>>('/api/workflows/broken/validate', undefined, 200);
    expectShape(answer, { body: { errors: ["state 'invalid_ref' references undefined state"] } });
    expect(answer.body.errors.join()).toContain('invalid_ref');
    expect((await awf.send('POST', '/api/workflows/nonexistent/validate')).status).toBe(404);
  });

  row('POST /api/workflows/{scope}/{name}/validate', 'the same by its scope', async () => {
    expect(await awf.post('/api/workflows/global/code-review/validate', undefined, 200)).toEqual({ body: { errors: [] } });
  });

  row('POST /api/workflows/{name}/run', 'the example', async () => {
    const answer = await awf.post<Body<{ execution_id: string; status: string }>>('/api/workflows/code-review/run', RUN, 202);
    expectShape(answer, { body: { execution_id: EXECUTION.execution_id, status: 'accepted' } });
    expect(answer.body).toMatchObject({ execution_id: expect.stringMatching(UUID) as unknown, status: 'accepted' });
  });

  row('POST /api/workflows/{name}/run', 'the problems: 404, 422 with the reason, 400 for what is missing or no JSON', async () => {
    const refused = async (name: string, body?: unknown): Promise<unknown> =>
      (await awf.send('POST', `/api/workflows/${name}/run`, body)).body;
    expect(await refused('nonexistent', RUN)).toMatchObject({ status: 404, title: 'Not Found', detail: 'workflow not found: nonexistent' });
    expect(await refused('code-review', { inputs: {} })).toMatchObject({
      status: 422,
      title: 'Unprocessable Entity',
      detail: expect.stringMatching(/^failed to start execution: inputs\.file: .*required/) as unknown,
    });
    expect(await refused('code-review', { invalid: 'structure' })).toMatchObject({
      status: 422,
      detail: 'validation failed',
      errors: expect.anything() as unknown,
    });
    expect(await refused('code-review', {})).toMatchObject({ status: 400, title: 'Bad Request' });
    expect(await refused('code-review')).toMatchObject({ status: 400 });
    expect(await refused('code-review', '{')).toMatchObject({ status: 400 });
  });

  row('POST /api/workflows/{scope}/{name}/run', 'the same by its scope', async () => {
    const answer = await awf.post<Body<object>>('/api/workflows/local/code-review/run', RUN, 202);
    expect(answer.body).toMatchObject({ status: 'accepted' });
  });

  row('GET /api/executions', 'the example', async () => {
    const id = await review();
    const { body } = await awf.get<Body<{ executions: Execution[] }>>('/api/executions');
    expectShape(body, { executions: [EXECUTION] });
    expect(body.executions[0]).toMatchObject({ execution_id: id, workflow_name: 'code-review', status: 'completed' });
  });

  row('GET /api/executions/{id}', 'the example, also when it is over', async () => {
    const id = await start('deploy-app', { inputs: {} });
    const running = await eventually(
      () => read(id),
      ({ current_step: step }) => step !== '',
    );
    expectShape(running, EXECUTION);
    expect(running).toMatchObject({ execution_id: id, workflow_name: 'deploy-app', status: 'running', current_step: 'wait' });
    await awf.send('DELETE', `/api/executions/${id}`);
    expect(await ended(id)).toMatchObject({ status: 'cancelled' });
    for (const unknown of ['nothing', EXECUTION.execution_id]) {
      const { status, body } = await awf.send('GET', `/api/executions/${unknown}`);
      expect(status).toBe(404);
      expect(body).toMatchObject({ status: 404, title: 'Not Found', detail: `execution not found: ${unknown}` });
    }
  });

  row('DELETE /api/executions/{id}', 'cancels, and answers 204 also for what is over or not there', async () => {
    const id = await start('deploy-app', { inputs: {} });
    for (const each of [id, id, EXECUTION.execution_id, 'nothing']) {
      const { status, body } = await awf.send('DELETE', `/api/executions/${each}`);
      expect(status).toBe(204);
      expect(body).toBeNull();
    }
    expect((await ended(id)).status).toBe('cancelled');
  });

  row('POST /api/executions/{id}/resume', 'the example: a new execution from a step on, with other inputs', async () => {
    const failed = await review('bad');
    const request = { input_overrides: { model: 'claude-sonnet-4-20250514' }, from_step: 'analyze' };
    const { body } = await awf.post<Body<{ execution_id: string }>>(`/api/executions/${failed}/resume`, request, 200);
    expect(body).toMatchObject({ execution_id: expect.stringMatching(UUID) as unknown, status: 'accepted' });
    expect(body.execution_id).not.toBe(failed);
    expect((await ended(body.execution_id)).status).toBe('completed');
  });

  row('POST /api/executions/{id}/resume', 'from where it stopped, from the step before, and the problem when it cannot', async () => {
    const failed = await review('bad');
    for (const from_step of [undefined, '', 'current', 'previous', 'read']) {
      const request = { input_overrides: { model: 'other' }, from_step };
      const { body } = await awf.post<Body<{ execution_id: string }>>(`/api/executions/${failed}/resume`, request, 200);
      expect((await ended(body.execution_id)).status).toBe('completed');
    }
    for (const [id, body] of [
      [failed, { from_step: 'nowhere' }],
      [await review(), {}],
      ['nothing', {}],
    ] as const) {
      const answer = await awf.send('POST', `/api/executions/${id}/resume`, body);
      expect(answer.body).toMatchObject({ status: 404, detail: `execution not found or cannot be resumed: ${id}` });
    }
  });

  row('GET /api/executions/{id}/events', 'named events from the start, then the end of the stream', async () => {
    const id = await start('code-review', { inputs: { file: 'main.go', model: 'good' } });
    const messages = await awf.events(`/api/executions/${id}/events`);
    const steps = names(messages).filter((name) => /^step\..* (?:read|analyze)$/.test(name));
    expect(steps).toEqual(['step.started read', 'step.completed read', 'step.started analyze', 'step.completed analyze']);
    const find = (name: string): object | undefined => messages.find(({ event }) => event === name)?.data;
    expectShape(find('step.started'), { step_name: 'read', status: 'running', started_at: '2026-05-17T20:39:00Z' });
    expectShape(find('step.completed'), { step_name: 'read', status: 'completed', output: 'package main...', completed_at: '' });
    expect(find('step.completed')).toMatchObject({ step_name: 'read', status: 'completed', output: 'package main.go\n' });
    expect(find('output')).toMatchObject({ step_name: 'read', output: 'package main.go' });
    expect(messages.at(-1)).toMatchObject({ event: 'workflow.completed', data: { workflow_name: 'code-review', status: 'completed' } });
    expect(names(await awf.events(`/api/executions/${id}/events`))).toEqual(names(messages));
  });

  row('GET /api/executions/{id}/events', 'of a failure, of a cancel, and 404 before the stream opens', async () => {
    const failed = await awf.events(`/api/executions/${await review('bad')}/events`);
    const failure = failed.find(({ event }) => event === 'step.failed');
    expectShape(failure?.data, { step_name: 'analyze', status: 'failed', error: 'timeout exceeded', completed_at: '' });
    expect(failure?.data).toMatchObject({ step_name: 'analyze', error: expect.stringContaining('timeout exceeded') as unknown });
    expect(failed.at(-1)).toMatchObject({
      event: 'workflow.failed',
      data: { workflow_name: 'code-review', status: 'failed', error: expect.stringContaining('review failed') as unknown },
    });
    const id = await start('deploy-app', { inputs: {} });
    const [cancelled] = await Promise.all([awf.events(`/api/executions/${id}/events`), awf.send('DELETE', `/api/executions/${id}`)]);
    expect(cancelled.at(-1)).toMatchObject({ event: 'workflow.failed', data: { status: 'cancelled' } });
    expect((await awf.send('GET', `/api/executions/${EXECUTION.execution_id}/events`)).status).toBe(404);
  });

  row('GET /api/history', 'the example and all its filters', async () => {
    const [first, second] = [await review('bad'), await review()];
    const entries = async (query: string): Promise<{ id: string; execution_id: string; completed_at: string }[]> =>
      (await awf.get<Body<{ entries: { id: string; execution_id: string; completed_at: string }[] }>>(`/api/history?${query}`)).body
        .entries;
    const all = await entries('workflow=code-review');
    expectShape(all, [
      { id: 'rec-abc123', workflow_name: 'code-review', status: 'failed', started_at: '', completed_at: '', duration_ms: 60000 },
    ]);
    expect(all.slice(0, 2).map(({ execution_id }) => execution_id)).toEqual([second, first]);
    expect(all[0]?.id).toMatch(/^rec-/);
    expect((await entries('workflow=code-review&status=failed&limit=50'))[0]).toMatchObject({ execution_id: first, status: 'failed' });
    for (const status of ['success', 'completed'])
      expect((await entries(`status=${status}&limit=1`))[0]).toMatchObject({ execution_id: second, status: 'success' });
    const at = encodeURIComponent(all[0]?.completed_at ?? '');
    expect((await entries(`since=${at}`)).map(({ execution_id }) => execution_id)).toEqual([second]);
    expect((await entries(`until=${at}`)).length).toBeGreaterThan(1);
    expect(await entries('until=2001-01-01T00:00:00Z')).toEqual([]);
  });

  row('GET /api/history/stats', 'the example and all its filters', async () => {
    await Promise.all([review(), review('bad')]);
    const stats = async (query: string): Promise<Record<string, number>> =>
      (await awf.get<Body<Record<string, number>>>(`/api/history/stats?${query}`)).body;
    const all = await stats('workflow=code-review');
    expectShape(all, { TotalExecutions: 142, SuccessCount: 128, FailedCount: 12, CancelledCount: 2, AvgDurationMs: 45000 });
    expect(all['TotalExecutions']).toBe((all['SuccessCount'] ?? 0) + (all['FailedCount'] ?? 0) + (all['CancelledCount'] ?? 0));
    expect(await stats('workflow=code-review&status=failed')).toMatchObject({ TotalExecutions: all['FailedCount'], SuccessCount: 0 });
    expect(await stats('until=2001-01-01T00:00:00Z')).toMatchObject({ TotalExecutions: 0, AvgDurationMs: 0 });
  });

  row('GET /openapi.json', 'an OpenAPI 3.1 document, also as YAML', async () => {
    const document = await awf.get<{ openapi: string; info: object; paths: object }>('/openapi.json');
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'AWF API', version: 'v1' } });
    expect(Object.keys(document.paths)).toContain('/api/workflows/{name}/run');
    expect((await awf.send('GET', '/openapi.yaml')).body).toContain('AWF API');
  });

  row('GET /docs', 'pages to read it in', async () => {
    const { status, body } = await awf.send('GET', '/docs');
    expect(status).toBe(200);
    expect(body).toContain('swagger');
  });

  row('errors', 'nothing at / and /api', async () => {
    for (const path of ['/', '/api']) expect((await awf.send('GET', path)).body).toMatchObject({ status: 404, title: 'Not Found' });
  });

  row('snippets', 'the curl commands as they stand', async () => {
    const output = await bash(`
      RESPONSE=$(curl -s -X POST ${awf.url}/api/workflows/code-review/run \\
        -H "Content-Type: application/json" \\
        -d '{"inputs": {"file": "src/main.go"}}')

      EXEC_ID=$(echo $RESPONSE | jq -r '.body.execution_id')
      echo "Execution ID: $EXEC_ID"
      curl -s -N ${awf.url}/api/executions/$EXEC_ID/events
      curl -s ${awf.url}/api/executions/$EXEC_ID | jq '.body | {status, current_step}'
      curl -s -X POST ${awf.url}/api/workflows/code-review/validate
      curl -s "${awf.url}/api/history?workflow=code-review&limit=10"
      curl -s ${awf.url}/api/history/stats?workflow=code-review
      while true; do
        STATUS=$(curl -s ${awf.url}/api/executions/$EXEC_ID | jq -r '.body.status')
        [ "$STATUS" = "completed" ] || [ "$STATUS" = "failed" ] && break
        sleep 2
      done
      echo "ended: $STATUS"`);
    expect(output).toContain('event: workflow.completed');
    expect(output).toContain('"status": "completed"');
    expect(output).toContain('"TotalExecutions"');
    expect(output).toContain('ended: completed');
  });

  row('snippets', 'the JavaScript as it stands', async () => {
    const output = await javascript(`
      const response = await fetch('${awf.url}/api/workflows/code-review/run', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ inputs: { file: 'main.go' } })
      });

      const { body } = await response.json();
      const executionId = body.execution_id;

      const eventSource = new EventSource(
        \`${awf.url}/api/executions/\${executionId}/events\`
      );

      eventSource.addEventListener('step.started', (event) => {
        console.log('Step started:', JSON.parse(event.data));
      });

      eventSource.addEventListener('workflow.completed', (event) => {
        console.log('Workflow done:', JSON.parse(event.data));
        eventSource.close();
      });`);
    expect(output).toContain('Step started:');
    expect(output).toContain('Workflow done:');
  });

  row('snippets', 'the Python, through requests where it is installed, else through urllib', async () => {
    if (!(await hasPython())) return;
    const viaRequests = `import requests
response = requests.post(
    '${awf.url}/api/workflows/code-review/run',
    json={'inputs': {'file': 'main.go'}}
)

execution_id = response.json()['body']['execution_id']

response = requests.get(
    f'${awf.url}/api/executions/{execution_id}/events',
    stream=True
)

for line in response.iter_lines():
    if line.startswith(b'event: '):
        event_type = line.decode().split(': ', 1)[1]
        print(f'Event: {event_type}')
`;
    const viaUrllib = `import json, urllib.request
request = urllib.request.Request('${awf.url}/api/workflows/code-review/run', json.dumps({'inputs': {'file': 'main.go'}}).encode(), {'Content-Type': 'application/json'})
execution_id = json.load(urllib.request.urlopen(request))['body']['execution_id']
for line in urllib.request.urlopen(f'${awf.url}/api/executions/{execution_id}/events'):
    if line.startswith(b'event: '):
        print('Event: ' + line.decode().split(': ', 1)[1].strip())
`;
    expect(await python((await hasPython('requests')) ? viaRequests : viaUrllib)).toContain('Event: workflow.completed');
  });

  deviation(
    'GET /api/workflows/{name}',
    'texts of states are shown in the expressions of this server',
    'a workflow is stored translated, and its YAML is not kept',
    async () => {
      const { body } = await awf.get<Body<{ states: { read: { command: string } } }>>('/api/workflows/code-review');
      expect(body.states.read.command).toMatch(/^echo package \{\{.*inputs\.file.*\}\}$/);
    },
  );

  deviation(
    'GET /api/executions',
    'the newest 200 are listed',
    'executions are kept for good here, where the original forgets them',
    async () => {
      const { body } = await awf.get<Body<{ executions: object[] }>>('/api/executions');
      expect(body.executions.length).toBeLessThanOrEqual(200);
    },
  );
});
