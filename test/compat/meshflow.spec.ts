import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually } from '../support/runs.js';
import { type SeenRequest, WebStub } from '../support/web-stub.js';
import { entrancesOf } from './support/entrances.js';
import { DialectClient, type SseMessage } from './support/http.js';
import { deviation, row } from './support/rows.js';
import { expectShape } from './support/shape.js';
import { bash, javascript } from './support/snippets.js';

interface RunResult {
  run_id: string;
  status: string;
  output: string;
  total_tokens: number;
  ledger_entries: number;
  error: string | null;
}
interface MeshRecord {
  run_id: string;
  node_id: string;
  node_kind: string;
  verdict: string;
  blocked: boolean;
  prev_hash: string;
  entry_hash: string;
}

const TASK = 'What is 2 + 2? Think about it with the whole team and give me a number.';
const SIMPLE = 'A simple and quick question: what is 2 + 2?';
const ANSWER = (task: string): string => `Answered offline, by rule and without a model: ${task}`;

/** Examples of the shapes that clients read. */
const RESULT = {
  run_id: '',
  status: 'completed',
  output: '',
  total_cost_usd: 0.1,
  total_tokens: 10,
  total_carbon_g: 0,
  duration_s: 1.5,
  ledger_entries: 4,
  trace_id: '',
  checkpoints: ['run:step:1'],
  error: null,
  collusion_alerts: [],
};
const RECORD = {
  id: 1,
  run_id: '',
  step_id: '',
  node_id: '',
  node_kind: 'native',
  input_task: '',
  output_content: '',
  verdict: 'commit',
  blocked: false,
  block_reason: '',
  uncertainty: 0.9,
  cost_usd: 0.1,
  tokens_used: 10,
  carbon_gco2: 0,
  duration_ms: 12,
  timestamp: '2026-01-01T00:00:00+00:00',
  prev_hash: '',
  entry_hash: '',
  tenant_id: 'default',
  metadata: {},
};
const SUMMARY = {
  run_id: '',
  steps: 4,
  nodes: ['planner'],
  total_cost_usd: 0,
  total_tokens: 10,
  total_carbon_gco2: 0,
  blocked_steps: 0,
  verdicts: ['commit'],
  timestamps: { start: '', end: '' },
};

let root: string;
let server: TestApp;
let receiver: WebStub;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'heddle-meshflow-door-'));
  await writeFile(
    join(root, 'release.yaml'),
    `name: release
version: "1.0"
policy: { mode: legal-critical }
nodes:
  draft: { kind: native, role: executor }
  facts: { kind: native, role: researcher }
  publish: { kind: native, role: critic, risk: irreversible }
edges: [draft -> publish, facts -> publish]
`,
  );
  receiver = await WebStub.start({ '/hook': (_, response) => response.end(), '/deaf': (_, response) => response.writeHead(500).end() });
  server = await startApp({
    env: { HEDDLE_WORKFLOWS_DIR: `mesh=${root}`, HEDDLE_COMPAT_PORTS: 'meshflow=0', HEDDLE_EGRESS_ALLOW: '127.0.0.1' },
  });
});
afterAll(async () => {
  await server?.close();
  receiver?.stop();
  rmSync(root, { recursive: true, force: true });
});

describe.each(entrancesOf('meshflow'))('MeshFlow %s', (_where, urlOf) => {
  let mesh: DialectClient;
  const sockets: WebSocket[] = [];

  beforeAll(() => {
    mesh = new DialectClient(urlOf(server), server.adminKey);
  });
  afterAll(() => {
    for (const socket of sockets) socket.terminate();
  });

  const run = (body: object): Promise<RunResult> => mesh.post<RunResult>('/run', body, 200);
  /** A run of the workflow that asks people, at the point where it does. */
  const paused = async (): Promise<string> => {
    const { task_id } = await mesh.post<{ task_id: string }>('/queue/push', { payload: { task: 'Write', workflow: 'release' } }, 201);
    await eventually(
      () => mesh.get<{ paused_runs: { run_id: string }[] }>('/hitl/pending'),
      ({ paused_runs }) => paused_runs.some(({ run_id }) => run_id === task_id),
      30_000,
    );
    return task_id;
  };
  const over = (id: string): Promise<{ status: string; nodes: string[] }> =>
    eventually(
      () => mesh.get<{ status: string; nodes: string[] }>(`/runs/${id}/summary`),
      ({ status }) => status !== 'running' && status !== 'paused' && status !== 'pending',
      30_000,
    );
  const lines = async (path: string, body: object): Promise<Record<string, unknown>[]> => {
    const response = await mesh.open('POST', path, body);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const text = await response.text();
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const connect = async (
    path: string,
    headers: Record<string, string> = { 'x-api-key': server.adminKey },
  ): Promise<[WebSocket, Record<string, unknown>[]]> => {
    const socket = new WebSocket(`${urlOf(server).replace('http', 'ws')}${path}`, { headers });
    sockets.push(socket);
    const heard: Record<string, unknown>[] = [];
    socket.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString('utf8')) as Record<string, unknown>));
    await once(socket, 'open');
    return [socket, heard];
  };
  const kinds = (messages: readonly SseMessage[]): string[] =>
    messages.map(({ event, data }) => `${event} ${String(data['node_id'] ?? '')}`.trim());

  row('GET /health/live', 'without a key', async () => {
    const answer = await mesh.withKey(undefined).get('/health/live');
    expectShape(answer, { live: true, uptime_s: 1.5 });
    expect(answer['live']).toBe(true);
  });

  row('GET /health/ready', 'without a key', async () => {
    const answer = await mesh.withKey(undefined).get('/health/ready');
    expectShape(answer, { ready: true, version: '0.7.0' });
    expect(answer['ready']).toBe(true);
  });

  row('GET /health', 'without a key', async () => {
    expectShape(await mesh.withKey(undefined).get('/health'), { ok: true, version: '0.7.0', uptime_s: 1, db: 'sqlite' });
  });

  row('POST /run', 'planner, researcher, executor and critic carry out a task, durably', async () => {
    const result = await run({
      task: TASK,
      policy: { mode: 'standard', budget_usd: 1, enable_guardian: true, model_tiers: {} },
      context: { tone: 'dry' },
    });
    expectShape(result, RESULT);
    expect(result).toMatchObject({ status: 'completed', output: ANSWER(TASK), ledger_entries: 4, error: null });
    expect(result.total_tokens).toBeGreaterThan(0);
    const { nodes } = await over(result.run_id);
    expect(nodes).toEqual(['planner', 'researcher', 'executor', 'critic']);
    const native = await server.api.get<{ status: string; workflow: { name: string } }>(`/runs/${result.run_id}`);
    expect(native.body).toMatchObject({ status: 'success', workflow: { name: 'meshflow/pipeline' } });
  });

  row('POST /run', 'one agent carries out a simple task', async () => {
    expect(await run({ task: SIMPLE })).toMatchObject({ status: 'completed', output: ANSWER(SIMPLE), ledger_entries: 1 });
  });

  row('POST /run', 'a budget of tokens ends a run', async () => {
    const result = await run({ task: TASK, policy: { budget_tokens: 5 } });
    expect(result).toMatchObject({ status: 'failed', output: '', error: expect.stringContaining('budget') as string });
    const [first] = await mesh.get<MeshRecord[]>(`/runs/${result.run_id}`);
    expect(first).toMatchObject({
      node_id: 'planner',
      verdict: 'reject',
      blocked: true,
      block_reason: expect.stringMatching(/^budget:exceeded/) as string,
    });
  });

  row('POST /run', 'repeated with its Idempotency-Key it is the same run', async () => {
    const headers = { 'idempotency-key': `run-${Math.random()}` };
    const [first, again] = [
      await mesh.send('POST', '/run', { task: SIMPLE }, headers),
      await mesh.send('POST', '/run', { task: SIMPLE }, headers),
    ];
    expect(again.body).toEqual(first.body);
  });

  row(
    'POST /run',
    'the budgets of a workflow count unless the request names others, and a pipeline that was deleted comes back',
    async () => {
      const poor = {
        name: 'poor',
        nodes: [{ id: 'gate', type: 'control.fail', config: { message: 'no' }, when: '{{ inputs.policy.budget_usd < 2 }}' }],
      };
      const policy = { type: 'object', default: {}, properties: { budget_usd: { type: 'number', default: 3 } } };
      await server.api.post('/workflows', { ...poor, inputs: { type: 'object', properties: { policy } } });
      expect(await run({ task: 'x', workflow: 'poor' })).toMatchObject({ status: 'completed' });
      expect(await run({ task: 'x', workflow: 'poor', policy: { budget_usd: 1 } })).toMatchObject({ status: 'failed', error: 'no' });
      await run({ task: SIMPLE });
      expect((await server.api.delete('/workflows/meshflow%2Fsingle')).status).toBe(204);
      expect(await run({ task: SIMPLE })).toMatchObject({ status: 'completed' });
    },
  );

  row('POST /run', 'what is wrong is said as {"error"}', async () => {
    expect(await mesh.post('/run', {}, 400)).toMatchObject({ error: 'task is required' });
    expect(await mesh.post('/run', { task: '' }, 400)).toMatchObject({ error: 'task is required' });
    expect(await mesh.post('/run', { task: 'x', policy: { mode: 'wild' } }, 400)).toMatchObject({
      error: expect.stringMatching(/^policy\.mode must be one of dev/) as string,
    });
    expect(await mesh.post('/run', { task: 'x', policy: { budget_usd: -1 } }, 400)).toMatchObject({
      error: 'policy.budget_usd must be a number of at least 0',
    });
    expect(await mesh.post('/run', { task: 'x', workflow: 'nobody/knows' }, 404)).toMatchObject({ error: 'workflow not found' });
  });

  row('POST /stream', 'lines of steps, of words as they come, and of the end', async () => {
    const told = await lines('/stream', { task: TASK });
    const steps = told.filter(({ kind }) => kind === 'step_complete');
    expect(steps.map(({ agent_id, step }) => `${String(agent_id)} ${String(step)}`)).toEqual([
      'planner 1',
      'researcher 2',
      'executor 3',
      'critic 4',
    ]);
    expectShape(steps[0], {
      kind: '',
      agent_id: '',
      role: '',
      step: 1,
      uncertainty: 0.9,
      cost_usd: 0,
      tokens: 10,
      blocked_by: '',
      output: '',
    });
    const words = told.filter(({ kind, agent_id }) => kind === 'token_delta' && agent_id === 'planner');
    expect(words.map(({ text }) => text).join('')).toBe(ANSWER(TASK));
    expectShape(words[0], { kind: '', text: '', agent_id: '', step_id: '', run_id: '' });
    expect(told.at(-1)).toMatchObject({ kind: 'run_complete', agent_id: 'orchestrator', role: 'orchestrator', output: ANSWER(TASK) });
  });

  row('POST /stream', 'a failure is the last line', async () => {
    const told = await lines('/stream', { task: TASK, policy: { budget_tokens: 5 } });
    expect(told.map(({ kind }) => kind)).toEqual(['step_blocked', 'error']);
    expect(told.at(-1)).toMatchObject({ error: expect.stringContaining('budget') as string });
  });

  row('GET /runs', 'ids of runs, newest first, whatever started them', async () => {
    const { run_id } = await run({ task: SIMPLE });
    const { runs } = await mesh.get<{ runs: string[] }>('/runs');
    expect(runs[0]).toBe(run_id);
    expect(runs).toEqual(runs.toSorted().toReversed());
    expect(await mesh.get('/runs?limit=1')).toEqual({ runs: [run_id] });
    expect(await mesh.get(`/runs?limit=1&before=${run_id}`)).toEqual({ runs: [runs[1]] });
  });

  row('GET /runs/{run_id}', 'all steps of a run, each with the hash of the one before', async () => {
    const { run_id } = await run({ task: TASK });
    const records = await mesh.get<MeshRecord[]>(`/runs/${run_id}`);
    expectShape(records, [RECORD]);
    expect(records.map(({ node_id, node_kind, verdict, blocked }) => [node_id, node_kind, verdict, blocked])).toEqual(
      ['planner', 'researcher', 'executor', 'critic'].map((node) => [node, 'native', 'commit', false]),
    );
    expect(records.map(({ prev_hash }) => prev_hash)).toEqual(['', ...records.slice(0, -1).map(({ entry_hash }) => entry_hash)]);
    expect(await mesh.get(`/runs/${run_id}`)).toEqual(records);
    for (const unknown of ['nothing', '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c']) {
      expect(await mesh.get(`/runs/${unknown}`, 404)).toMatchObject({ error: 'run not found' });
    }
  });

  row('GET /runs/{run_id}/summary', 'what a run has come to', async () => {
    const { run_id, total_tokens } = await run({ task: TASK });
    const summary = await mesh.get(`/runs/${run_id}/summary`);
    expectShape(summary, SUMMARY);
    expect(summary).toMatchObject({ run_id, steps: 4, total_tokens, blocked_steps: 0 });
  });

  row('GET /traces', 'the same ids as /runs', async () => {
    expect(await mesh.get('/traces')).toEqual(await mesh.get('/runs'));
  });

  row('GET /traces/{run_id}', 'the run with its summary and steps', async () => {
    const { run_id } = await run({ task: SIMPLE });
    const trace = await mesh.get(`/traces/${run_id}`);
    expectShape(trace, { run_id: '', summary: SUMMARY, steps: [RECORD] });
    expect(trace['steps']).toEqual(await mesh.get(`/runs/${run_id}`));
    expect(await mesh.get('/traces/nothing', 404)).toMatchObject({ error: 'run not found' });
  });

  row('GET /graph/{run_id}', 'Mermaid or DOT, with the edges that there are', async () => {
    const id = await paused();
    const mermaid = await mesh.get<string>(`/graph/${id}`);
    expect(mermaid).toContain(`flowchart LR\n  subgraph run["${id.slice(0, 24)}"]`);
    expect(mermaid).toMatch(/draft\["draft\\ntokens=\d+ \$0\.0000"\]/);
    expect(mermaid).toContain('draft --> publish_approval\n');
    expect(mermaid).toContain('facts --> publish_approval\n');
    expect(mermaid).toContain('publish_approval --> publish\n');
    const reply = await mesh.send('GET', `/graph/${id}?format=dot`);
    expect(reply.headers.get('content-type')).toContain('text/vnd.graphviz');
    expect(reply.body).toContain(`digraph "${id.slice(0, 24)}" {`);
    await mesh.post(`/hitl/${id}/reject`, {}, 200);
    await over(id);
    expect(await mesh.get(`/graph/${id}`)).toContain('publish_approval("⛔ publish_approval');
    expect(await mesh.get('/graph/nothing')).toContain('no steps');
  });

  row('POST /runs/{run_id}/approve', 'the run goes on and the gated step is carried out', async () => {
    const id = await paused();
    expect(await over2(id)).toEqual(['draft', 'facts']);
    expect(await mesh.post(`/runs/${id}/approve`, { decision: 'approve' }, 200)).toEqual({ run_id: id, status: 'approved' });
    expect(await over(id)).toMatchObject({
      status: 'completed',
      nodes: expect.arrayContaining(['publish_approval', 'publish']) as unknown,
    });
    const records = await mesh.get<MeshRecord[]>(`/runs/${id}`);
    expect(records.find(({ node_id }) => node_id === 'publish_approval')).toMatchObject({ node_kind: 'human', verdict: 'commit' });
    expect(await mesh.post(`/runs/${id}/approve`, {}, 409)).toMatchObject({ error: expect.stringContaining('already') as string });
  });

  const over2 = async (id: string): Promise<string[]> => (await mesh.get<{ nodes: string[] }>(`/runs/${id}/summary`)).nodes.toSorted();

  row('POST /runs/{run_id}/approve', 'a decision to reject refuses', async () => {
    const id = await paused();
    expect(await mesh.post(`/runs/${id}/approve`, { decision: 'reject', comment: 'no' }, 200)).toEqual({ run_id: id, status: 'rejected' });
    expect(await over(id)).toMatchObject({ status: 'failed' });
  });

  row('GET /hitl/pending', 'runs that wait for people, until they are decided', async () => {
    const id = await paused();
    const { paused_runs } = await mesh.get<{ paused_runs: { run_id: string }[] }>('/hitl/pending');
    expectShape(paused_runs, [{ run_id: '', paused_at: '' }]);
    expect(paused_runs.find(({ run_id }) => run_id === id)).toMatchObject({ node_id: 'publish_approval', context: { task: 'Write' } });
    await eventually(
      () => mesh.get<{ status: string }>(`/runs/${id}/summary`),
      ({ status }) => status === 'paused',
      30_000,
    );
    await mesh.post(`/hitl/${id}/reject`, undefined, 200);
    const after = await mesh.get<{ paused_runs: { run_id: string }[] }>('/hitl/pending');
    expect(after.paused_runs.map(({ run_id }) => run_id)).not.toContain(id);
  });

  row('POST /hitl/{run_id}/approve', 'with and without a body', async () => {
    const [first, second] = [await paused(), await paused()];
    expect(await mesh.post(`/hitl/${first}/approve`, { reviewer_id: 'ada', notes: 'fine' }, 200)).toEqual({
      run_id: first,
      status: 'approved',
    });
    expect(await mesh.post(`/hitl/${second}/approve`, undefined, 200)).toEqual({ run_id: second, status: 'approved' });
    await Promise.all([over(first), over(second)]);
    const { body } = await server.api.get<{ data: { run_id: string; comment: string }[] }>('/approvals', { query: { run_id: first } });
    expect(body.data[0]?.comment).toBe('ada: fine');
    for (const unknown of ['nothing', '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c', (await run({ task: SIMPLE })).run_id]) {
      expect(await mesh.post(`/hitl/${unknown}/approve`, {}, 404)).toMatchObject({ error: 'run not found or not paused' });
    }
  });

  row('POST /hitl/{run_id}/reject', 'the gated step is refused and never carried out', async () => {
    const id = await paused();
    expect(await mesh.post(`/hitl/${id}/reject`, { notes: 'not now' }, 200)).toEqual({ run_id: id, status: 'rejected' });
    expect(await over(id)).toMatchObject({ status: 'failed', nodes: expect.not.arrayContaining(['publish']) as unknown });
    const gate = (await mesh.get<MeshRecord[]>(`/runs/${id}`)).find(({ node_id }) => node_id === 'publish_approval');
    expect(gate).toMatchObject({
      verdict: 'reject',
      blocked: true,
      block_reason: expect.stringMatching(/^dasc:rejected.*not now/) as string,
    });
    expect(await mesh.post(`/hitl/${id}/approve`, {}, 409)).toMatchObject({ error: expect.stringContaining('already') as string });
  });

  row('GET /events', 'connected, what happened, and what happens, in all kinds', async () => {
    const before = await run({ task: SIMPLE });
    const begun: Promise<unknown>[] = [];
    let mine = '';
    const ended = (seen: readonly SseMessage[], id: string): boolean =>
      seen.some(({ data }) => data['run_id'] === id && data['kind'] === 'workflow_complete');
    const messages = await mesh.events('/events', (seen) => {
      if (begun.length === 0 && ended(seen, before.run_id)) {
        begun.push(
          paused().then((id) => {
            mine = id;
            return mesh.post(`/hitl/${id}/approve`, {}, 200);
          }),
        );
      }
      return mine !== '' && ended(seen, mine);
    });
    await Promise.all(begun);
    expect(messages[0]).toEqual({ id: undefined, event: 'connected', data: { ok: true, filter_run_id: null } });
    const told = messages.filter(({ data }) => data['run_id'] === mine);
    expectShape(told[0]?.data, { kind: '', run_id: '', timestamp: 1.5, node_id: '', data: { workflow: '', task: '' } });
    expect(told[0]?.data).toMatchObject({
      kind: 'workflow_start',
      event_type: 'workflow_start',
      data: { workflow: 'default/release', task: 'Write' },
    });
    expect(kinds(told)).toEqual(
      expect.arrayContaining([
        'step_start draft',
        'step_complete draft',
        'step_complete facts',
        'step_paused publish_approval',
        'hitl_required publish_approval',
        'checkpoint_saved publish_approval',
        'hitl_approved publish_approval',
        'step_complete publish',
      ]),
    );
    const complete = told.find(({ data }) => data['kind'] === 'step_complete')?.data['data'];
    expectShape(complete, { tokens: 1, cost_usd: 0, uncertainty: 0.9, content_preview: '' });
    expectShape(told.at(-1)?.data['data'], {
      completed: true,
      total_cost_usd: 0,
      total_tokens: 1,
      duration_s: 1.5,
      blocked_nodes: [],
      paused_nodes: [],
    });
  });

  row('GET /events', 'of one run, also after its end, and on after the last id', async () => {
    const { run_id } = await run({ task: TASK, policy: { budget_tokens: 5 } });
    const ended = (seen: readonly SseMessage[]): boolean => seen.at(-1)?.event === 'workflow_failed';
    const all = await mesh.events(`/events?run_id=${run_id}`, ended);
    expect(kinds(all)).toEqual(['connected', 'workflow_start', 'step_start planner', 'step_blocked planner', 'workflow_failed']);
    expect(all[0]?.data).toEqual({ ok: true, filter_run_id: run_id });
    expect(all.at(-1)?.data['data']).toMatchObject({ completed: false, blocked_nodes: ['planner'] });
    const rest = await mesh.events(`/events?run_id=${run_id}`, ended, { 'last-event-id': all[2]?.id ?? '' });
    expect(kinds(rest)).toEqual(['connected', 'step_blocked planner', 'workflow_failed']);
    for (const path of ['/events', `/events?run_id=${run_id}`]) {
      const { status } = await mesh.send('GET', path, undefined, { 'last-event-id': 'nonsense!' });
      expect(status).toBe(400);
    }
  });

  row('GET /ws/run/{run_id}', 'frames of a run, to its end', async () => {
    const { run_id } = await run({ task: TASK });
    const [socket, heard] = await connect(`/ws/run/${run_id}`);
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1000);
    expectShape(heard[0], { kind: '', content: '', node_name: '', task_index: 0, metadata: {} });
    const done = heard.filter(({ kind }) => kind === 'step_complete');
    expect(done.map(({ node_name, task_index }) => [node_name, task_index])).toEqual([
      ['planner', 0],
      ['researcher', 1],
      ['executor', 2],
      ['critic', 3],
    ]);
    expect(done[0]).toMatchObject({ content: ANSWER(TASK) });
    expect(heard.some(({ kind }) => kind === 'token_delta')).toBe(true);
    expect(heard.at(-1)).toMatchObject({ kind: 'workflow_complete' });
    const [unknown] = await connect('/ws/run/nothing');
    expect(((await once(unknown, 'close')) as [number])[0]).toBe(1008);
  });

  row('GET /ws/bus', 'each frame reaches every other client of the tenant, word for word', async () => {
    const { raw_key } = await mesh.post<{ raw_key: string }>('/keys', { name: 'elsewhere', tenant_id: 'elsewhere' }, 201);
    const [[sender, own], [, near], [stranger, theirs]] = [
      await connect('/ws/bus'),
      await connect('/ws/bus', { authorization: `Bearer ${server.adminKey}` }),
      await connect('/ws/bus', { 'x-api-key': raw_key }),
    ];
    const message = { sender_id: 'a', receiver_id: '*', content: 'hello', trace_id: 't1', metadata: { n: 1 } };
    sender.send(JSON.stringify(message));
    await expect.poll(() => near.length, { timeout: 15_000 }).toBe(1);
    expect(near).toEqual([message]);
    expect([own, theirs]).toEqual([[], []]);
    stranger.close();
    await expect(connect('/ws/bus', {})).rejects.toThrow('401');
  });

  row('GET /ws/bus', 'a browser sends its key as a subprotocol', async () => {
    const said = await javascript(`
      const socket = new WebSocket('${urlOf(server).replace('http', 'ws')}/ws/bus', ['bearer', '${server.adminKey}']);
      socket.onopen = () => { console.log('open', socket.protocol); socket.close(1000); };
      socket.onclose = ({ code }) => console.log('closed', code);
    `);
    expect(said).toBe('open bearer\nclosed 1000\n');
  });

  row('GET /keys', 'keys without their secrets', async () => {
    const answer = await mesh.get<{ keys: object[]; count: number }>('/keys');
    expectShape(answer, { keys: [{ key_id: '', name: '', role: '', tenant_id: '', created_at: '', revoked: false }], count: 1 });
    expect(answer.count).toBe(answer.keys.length);
    expect(JSON.stringify(answer)).not.toContain(server.adminKey);
  });

  row('POST /keys', 'a key that is shown once, and its use in either header', async () => {
    const issued = await mesh.post<{ raw_key: string; key_id: string }>('/keys', { name: 'prod-key', role: 'operator' }, 201);
    expectShape(issued, { key_id: '', raw_key: '', name: 'prod-key', role: 'operator', tenant_id: 'default', note: '' });
    expect(await mesh.withKey(issued.raw_key).get('/keys/whoami')).toMatchObject({
      key_id: issued.key_id,
      role: 'operator',
      name: 'prod-key',
    });
    const { status, body } = await mesh.withKey(undefined).send('GET', '/keys/whoami', undefined, { 'x-api-key': issued.raw_key });
    expect({ status, body }).toMatchObject({ status: 200, body: { key_id: issued.key_id } });
    expect(await mesh.withKey(issued.raw_key).get('/keys', 403)).toMatchObject({ error: 'Forbidden — admin role required' });
    expect(await mesh.post('/keys', {}, 400)).toMatchObject({ error: 'name is required' });
    expect(await mesh.post('/keys', { name: 'x', role: 'boss' }, 400)).toMatchObject({
      error: expect.stringMatching(/^role must be one of/) as string,
    });
  });

  row('GET /keys/whoami', 'the caller', async () => {
    expectShape(await mesh.get('/keys/whoami'), {
      key_id: '',
      name: '',
      role: 'admin',
      tenant_id: 'default',
      created_at: '',
      revoked: false,
    });
  });

  row('DELETE /keys/{key_id}', 'a revoked key is refused', async () => {
    const { key_id, raw_key } = await mesh.post<{ key_id: string; raw_key: string }>('/keys', { name: 'gone', role: 'viewer' }, 201);
    expect(await mesh.expect('DELETE', `/keys/${key_id}`, undefined, 200)).toEqual({ key_id, status: 'revoked' });
    expect(await mesh.withKey(raw_key).get('/runs', 401)).toMatchObject({ error: 'Unauthorized' });
    expect(await mesh.expect('DELETE', `/keys/${key_id}`, undefined, 404)).toMatchObject({ error: 'key not found' });
  });

  row('POST /webhooks', 'messages in MeshFlow’s form, signed with the bare hex of an HMAC', async () => {
    receiver.seen.length = 0;
    const registered = await mesh.post<{ id: string }>('/webhooks', { url: `${receiver.url}/hook`, secret: 's3cret' }, 201);
    expectShape(registered, {
      id: '',
      url: '',
      events: ['*'],
      tenant_id: '',
      created_at: '',
      delivery_count: 0,
      failure_count: 0,
      last_delivery_at: null,
      last_error: null,
    });
    const id = await paused();
    await mesh.post(`/hitl/${id}/approve`, {}, 200);
    const spent = await run({ task: TASK, policy: { budget_tokens: 5 } });
    const eventOf = ({ headers }: SeenRequest): string => String(headers['x-meshflow-event']);
    const seen = await eventually(
      () => Promise.resolve(receiver.seen),
      (messages) =>
        ['hitl_pending', 'run_completed', 'run_failed', 'budget_exceeded'].every((event) =>
          messages.some((message) => eventOf(message) === event),
        ),
      30_000,
    );
    for (const { headers, body } of seen) {
      const signature = createHmac('sha256', 's3cret').update(body).digest('hex');
      expect(headers).toMatchObject({ 'x-meshflow-signature': signature, 'x-meshflow-signature-256': `sha256=${signature}` });
      expect(headers['x-meshflow-delivery']).toMatch(/^[0-9a-f-]{36}$/);
      expectShape(JSON.parse(body), { event: '', timestamp: '', payload: { run_id: '' } });
    }
    const pending = seen.find((message) => eventOf(message) === 'hitl_pending');
    expect(JSON.parse(pending?.body ?? '')).toMatchObject({
      payload: { run_id: id, node_id: 'publish_approval', approve_url: `/hitl/${id}/approve` },
    });
    const failed = seen.find((message) => eventOf(message) === 'budget_exceeded');
    expect(JSON.parse(failed?.body ?? '')).toMatchObject({ payload: { run_id: spent.run_id, workflow: 'meshflow/pipeline' } });
    await mesh.expect('DELETE', `/webhooks/${registered.id}`, undefined, 200);
    expect(await mesh.post('/webhooks', { url: 'ftp://x' }, 400)).toMatchObject({ error: 'url must be an http or https URL' });
    expect(await mesh.post('/webhooks', {}, 400)).toMatchObject({ error: 'url is required' });
  });

  row('GET /webhooks', 'registrations with what became of their messages', async () => {
    const { id } = await mesh.post<{ id: string }>('/webhooks', { url: `${receiver.url}/deaf`, events: ['run_completed'] }, 201);
    await run({ task: SIMPLE });
    const { webhooks } = await eventually(
      () => mesh.get<{ webhooks: { id: string; last_error: string | null }[] }>('/webhooks'),
      (answer) => answer.webhooks.some((webhook) => webhook.id === id && webhook.last_error !== null),
      30_000,
    );
    expect(webhooks.find((webhook) => webhook.id === id)).toMatchObject({
      events: ['run_completed'],
      last_error: expect.stringContaining('500') as string,
    });
    expect(JSON.stringify(webhooks)).not.toContain('secret');
    await mesh.expect('DELETE', `/webhooks/${id}`, undefined, 200);
  });

  row('GET /webhooks/{webhook_id}/deliveries', 'the deliveries of one', async () => {
    const { id } = await mesh.post<{ id: string }>(
      '/webhooks',
      { url: `${receiver.url}/hook`, events: ['run_completed', 'run_failed'] },
      201,
    );
    const { run_id } = await run({ task: SIMPLE });
    const answer = await eventually(
      () => mesh.get<{ deliveries: { status: string }[] }>(`/webhooks/${id}/deliveries`),
      ({ deliveries }) => deliveries[0]?.status === 'delivered',
      30_000,
    );
    expect(answer).toMatchObject({
      webhook_id: id,
      deliveries: [{ event: 'run_completed', run_id, status_code: 200, attempts: 1, error: null }],
    });
    await mesh.expect('DELETE', `/webhooks/${id}`, undefined, 200);
  });

  row('DELETE /webhooks/{webhook_id}', 'once', async () => {
    const { id } = await mesh.post<{ id: string }>('/webhooks', { url: `${receiver.url}/hook` }, 201);
    expect(await mesh.expect('DELETE', `/webhooks/${id}`, undefined, 200)).toEqual({ deleted: id });
    expect(await mesh.expect('DELETE', `/webhooks/${id}`, undefined, 404)).toMatchObject({ error: 'webhook not found' });
    expect(await mesh.get(`/webhooks/${id}/deliveries`, 404)).toMatchObject({ error: 'webhook not found' });
  });

  row('POST /queue/push', 'a task that is carried out', async () => {
    const { task_id, status } = await mesh.post<{ task_id: string; status: string }>(
      '/queue/push',
      { payload: { task: SIMPLE }, priority: 3 },
      201,
    );
    expect(status).toBe('pending');
    const done = await eventually(
      () => mesh.get<{ status: string }>(`/queue/${task_id}`),
      (task) => task.status === 'done',
      30_000,
    );
    expect(done).toMatchObject({ task_id, priority: 3, payload: { task: SIMPLE }, result: ANSWER(SIMPLE), error: null });
    expect(await mesh.post('/queue/push', { payload: {} }, 400)).toMatchObject({ error: 'payload.task is required' });
  });

  row('GET /queue/status', 'tasks by status', async () => {
    const stats = await mesh.get<Record<string, number>>('/queue/status');
    expectShape(stats, { pending: 0, running: 0, done: 0, failed: 0, cancelled: 0 });
    expect(stats['done']).toBeGreaterThan(0);
  });

  row('GET /queue/{task_id}', 'a run that came another way is no task', async () => {
    const { run_id } = await run({ task: SIMPLE });
    expect(await mesh.get(`/queue/${run_id}`, 404)).toMatchObject({ error: 'task not found' });
  });

  row('DELETE /queue/{task_id}/cancel', 'what is not over is cancelled', async () => {
    const id = await paused();
    expect(await mesh.expect('DELETE', `/queue/${id}/cancel`, undefined, 200)).toEqual({ task_id: id, status: 'cancelled' });
    await eventually(
      () => mesh.get<{ status: string }>(`/queue/${id}`),
      ({ status }) => status === 'cancelled',
      30_000,
    );
    expect(await mesh.expect('DELETE', `/queue/${id}/cancel`, undefined, 404)).toMatchObject({ error: 'task not found' });
  });

  row('GET /rate-limit/status', 'the standing of the caller', async () => {
    const answer = await mesh.get('/rate-limit/status');
    expectShape(answer, { buckets: [{ tenant_id: '', key: '', tokens_remaining: 1, capacity: 1, rate_per_s: 1.5 }] });
  });

  row('GET /runs', 'a tenant sees its own runs only', async () => {
    const { run_id } = await run({ task: SIMPLE });
    const { raw_key } = await mesh.post<{ raw_key: string }>(
      '/keys',
      { name: 'others', tenant_id: `others-${new URL(urlOf(server)).port}` },
      201,
    );
    const others = mesh.withKey(raw_key);
    expect(await others.get('/runs')).toEqual({ runs: [] });
    expect(await others.get(`/runs/${run_id}`, 404)).toMatchObject({ error: 'run not found' });
    expect(await others.get(`/graph/${run_id}`)).toContain('no steps');
    const theirs = await others.post<RunResult>('/run', { task: SIMPLE }, 200);
    expect(await mesh.get(`/runs/${theirs.run_id}`, 404)).toMatchObject({ error: 'run not found' });
  });

  row('GET /runs', 'every refusal is {"error"}', async () => {
    expect(await mesh.withKey(undefined).get('/runs', 401)).toMatchObject({ error: 'Unauthorized' });
    expect(await mesh.withKey('mf-wrong').get('/runs', 401)).toMatchObject({ error: 'Unauthorized' });
    expect(await mesh.get('/nothing/here', 404)).toMatchObject({ error: expect.any(String) as string });
    expect(await mesh.expect('PUT', '/runs', {}, 405)).toMatchObject({ error: expect.any(String) as string });
    const malformed = await mesh.send('POST', '/run', '{"task":');
    expect(malformed).toMatchObject({ status: 400, body: { error: expect.any(String) as string } });
    const { raw_key } = await mesh.post<{ raw_key: string }>('/keys', { name: 'looks on', role: 'viewer' }, 201);
    expect(await mesh.withKey(raw_key).post('/run', { task: 'x' }, 403)).toMatchObject({ error: 'Forbidden — operator role required' });
  });

  row('GET /runs', 'browsers may call from anywhere', async () => {
    const preflight = await fetch(`${urlOf(server)}/runs`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-api-key' },
    });
    expect(preflight.ok).toBe(true);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('x-api-key');
  });

  deviation('POST /run', 'the Python client of the page is walked over HTTP', 'the package it imports does not exist', async () => {
    const said = await bash(`
      curl -sf -H "Authorization: Bearer ${server.adminKey}" -H 'Content-Type: application/json' -d '{"task": "${SIMPLE}"}' ${urlOf(server)}/run
    `);
    expect(JSON.parse(said)).toMatchObject({ status: 'completed', output: ANSWER(SIMPLE) });
  });

  deviation('GET /events', 'client.stream_events() is walked over HTTP', 'the package it imports does not exist', async () => {
    const { run_id } = await run({ task: SIMPLE });
    const said = await bash(`curl -sN --max-time 3 -H "X-API-Key: ${server.adminKey}" "${urlOf(server)}/events?run_id=${run_id}" || true`);
    const data = said
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)) as object);
    expect(data.at(-1)).toMatchObject({ event_type: 'workflow_complete', run_id, data: { completed: true } });
  });

  deviation('POST /runs/{run_id}/approve', '`meshflow approve <run_id>` is a POST', 'the command is not part of this server', async () => {
    const id = await paused();
    const said = await bash(`curl -sf -X POST -H "Authorization: Bearer ${server.adminKey}" ${urlOf(server)}/runs/${id}/approve`);
    expect(JSON.parse(said)).toEqual({ run_id: id, status: 'approved' });
  });

  deviation(
    'POST /keys',
    '`meshflow keys generate` is a POST, and keys begin with hdl_',
    'keys are the server’s own, for every door',
    async () => {
      const said = await bash(
        `curl -sf -H "Authorization: Bearer ${server.adminKey}" -H 'Content-Type: application/json' -d '{"name": "prod-key", "role": "operator"}' ${urlOf(server)}/keys`,
      );
      expect((JSON.parse(said) as { raw_key: string }).raw_key).toMatch(/^hdl_/);
    },
  );

  deviation(
    'GET /events',
    'a run that pauses does not end its stream with workflow_failed',
    'it has not failed, and goes on when people have decided',
    async () => {
      const id = await paused();
      const seen = await mesh.events(`/events?run_id=${id}`, (messages) => messages.at(-1)?.event === 'checkpoint_saved');
      expect(kinds(seen)).not.toContain('workflow_failed');
      await mesh.post(`/hitl/${id}/reject`, {}, 200);
    },
  );

  deviation('POST /webhooks', '`collusion_alert` and `sla_breach` never come', 'nothing here looks for either', async () => {
    const { id, ...webhook } = await mesh.post<{ id: string }>(
      '/webhooks',
      { url: `${receiver.url}/hook`, events: ['collusion_alert', 'sla_breach'] },
      201,
    );
    expect(webhook).toMatchObject({ events: ['collusion_alert', 'sla_breach'] });
    await mesh.expect('DELETE', `/webhooks/${id}`, undefined, 200);
  });

  deviation(
    'POST /run',
    'a run that fails is answered with its status and error, not with 500',
    'it is a run like any other, whose ledger can be read',
    async () => {
      const { status, error, run_id } = await run({ task: SIMPLE, policy: { budget_tokens: 5 } });
      expect({ status, error }).toEqual({ status: 'failed', error: expect.stringContaining('5 tokens') as string });
      expect(await mesh.get<MeshRecord[]>(`/runs/${run_id}`)).toHaveLength(1);
    },
  );

  deviation(
    'POST /run',
    'switches such as `enable_guardian` and `deterministic_gate` have no effect',
    'nothing here does what they switch',
    async () => {
      const policy = {
        deterministic_gate: false,
        enable_guardian: false,
        enable_collusion_audit: false,
        enable_uncertainty: false,
        carbon_budget_g: 0,
      };
      expect(await run({ task: SIMPLE, policy })).toMatchObject({ status: 'completed', output: ANSWER(SIMPLE) });
    },
  );

  deviation('GET /runs', 'who is over the rate gets 429 with Retry-After, not 401', '401 says that the key is wrong', async () => {
    const { body } = await server.api.post<{ key: string }>('/api-keys', { name: 'slow', role: 'viewer', rate_limit: 1 });
    const slow = mesh.withKey(body.key);
    await slow.get('/runs');
    const { status, headers, body: refusal } = await slow.send('GET', '/runs');
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refusal).toMatchObject({ error: expect.any(String) as string });
  });

  deviation('GET /runs/{run_id}', '`uncertainty` is 1 or 0', 'nothing here measures how sure a step is of what it did', async () => {
    const { run_id } = await run({ task: SIMPLE });
    expect(await mesh.get(`/runs/${run_id}`)).toMatchObject([{ uncertainty: 1, carbon_gco2: 0 }]);
  });

  const notYet = async (path: string, method = 'GET'): Promise<void> => {
    const answer = await mesh.expect(method, `/${path}`, method === 'POST' ? {} : undefined, 501);
    expect(answer).toMatchObject({ error: `${path}: not implemented by this server yet` });
  };
  deviation('GET /analytics', '501', 'a later version has it', () => notYet('analytics'));
  deviation('GET /sla', '501', 'a later version has it', () => notYet('sla'));
  deviation('GET /eval-results', '501', 'a later version has it', () => notYet('eval-results'));
  deviation('GET /plugins', '501', 'a later version has it', () => notYet('plugins'));
  deviation('GET /otel/config', '501', 'a later version has it', () => notYet('otel/config'));
  deviation('GET /compliance/report', '501', 'a later version has it', () => notYet('compliance/report'));
  deviation('GET /audit/export', '501', 'a later version has it', () => notYet('audit/export'));
  deviation('GET /metrics', '501', 'a later version has it', () => notYet('metrics'));
  deviation('GET /pool/status', '501', 'there are no pools of agents', () => notYet('pool/status'));
  deviation('GET /mcp', '501', 'a later version is an MCP server', () => notYet('mcp'));
  deviation('POST /mcp', '501', 'a later version is an MCP server', () => notYet('mcp', 'POST'));
  deviation('GET /mcp/sse', '501', 'a later version is an MCP server', () => notYet('mcp/sse'));
});
