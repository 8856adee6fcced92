import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { type ModelCall, ModelServer } from '../support/model-server.js';
import { eventually, runToEnd, type RunBody } from '../support/runs.js';
import { WebStub } from '../support/web-stub.js';

interface Source {
  errors: { path: string; errors: { path: string; code: string; message: string }[] }[];
}
interface Step {
  path: string;
  status: string;
}

let directory: string;
let app: TestApp;
let models: ModelServer;
let web: WebStub;

const put = (file: string, text: string): Promise<void> => writeFile(join(directory, file), text);
const asked = ({ body }: ModelCall): string => String(body.messages.filter(({ role }) => role === 'user').at(-1)?.content);
const told = ({ body }: ModelCall): string => String(body.messages.find(({ role }) => role === 'system')?.content);
const stepsOf = async (run: RunBody): Promise<Record<string, string>> => {
  const { body } = await app.api.get<{ data: Step[] }>(`/runs/${run.id}/steps`);
  return Object.fromEntries(body.data.filter(({ path }) => !path.includes('/')).map(({ path, status }) => [path, status]));
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'heddle-meshflow-'));
  models = await ModelServer.start();
  web = await WebStub.start({
    '/publish': ({ body }, response) => response.end(`published ${(JSON.parse(body) as { context: { draft: string } }).context.draft}`),
  });
  await mkdir(join(directory, 'team'));
  await put(
    'review.yaml',
    `name: Review Pipeline
version: "2.1"
policy: { mode: regulated, budget_tokens: 100000, max_replans: 2 }
nodes:
  plan: { kind: native, role: planner }
  good: { role: executor }
  bad: { role: critic }
  last: { instructions: "Be literal about {{it}}" }
edges:
  - { from: plan, to: good, condition: "'yes' in output.lower()" }
  - { from: plan, to: bad, condition: "'yes' not in output.lower()" }
  - good -> last
  - bad -> last
compliance: { frameworks: [hipaa] }
`,
  );
  await put(
    'publish.yaml',
    `name: publish
policy: { human_approval_tier: external_io }
nodes:
  draft: { kind: native, risk: internal }
  send: { kind: http, url: "URL/publish", risk: irreversible }
  look: { kind: human, description: "Is {{it}} fine?" }
edges: [draft -> send -> look]
terminal: [send]
`.replace('URL', web.url),
  );
  await put('team/outer.yaml', 'nodes:\n  call: { kind: subgraph, ref: default/Review-Pipeline }\n');
  await put('poor.yaml', 'name: poor\npolicy: { budget_tokens: 400 }\nnodes:\n  a: {}\n  b: {}\n  c: {}\nedges: [a -> b, b -> c]\n');
  await put(
    'broken.yaml',
    `name: broken
policy: { mode: wild }
nodes:
  a: { kind: langgraph, ref: app.graph }
  b: { kind: robot }
  c: { role: boss, model: llama3, risk: high }
  d: { kind: http }
edges: [a -> b, c -> x, { from: c, to: d, condition: "open('f')" }]
loop_edges: [{ from: d, to: c, max_iterations: 3 }]
`,
  );
  await put('round.yaml', 'name: round\nnodes:\n  a: {}\n  b: {}\nedges: [a -> b, b -> a]\n');
  app = await startApp({
    env: {
      HEDDLE_WORKFLOWS_DIR: `mesh=${directory}`,
      HEDDLE_EGRESS_ALLOW: '127.0.0.1',
      HEDDLE_DEFAULT_MODEL: 'openai_compatible/small',
      HEDDLE_DEFAULT_MODEL_URL: models.url,
    },
  });
});
afterAll(async () => {
  await app?.close();
  models.stop();
  web.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('a directory of MeshFlow', () => {
  it('becomes workflows under the names they have, or those of their files', async () => {
    const { body } = await app.api.get<{ data: { name: string }[] }>('/workflows', { query: { source: 'fs:mesh' } });
    expect(body.data.map(({ name }) => name).toSorted()).toEqual([
      'default/Review-Pipeline',
      'default/poor',
      'default/publish',
      'team/outer',
    ]);
  });

  it('runs agents by their roles, follows the edges that fire and skips the rest', async () => {
    models.answer((call) => ({
      text: told(call).includes('planner') ? 'YES, do it' : `done: ${asked(call)}`,
      usage: { input: 10, output: 5 },
    }));
    const run = await runToEnd(app.api, 'Review-Pipeline', { inputs: { task: 'Write', context: { tone: 'dry' } } });
    expect(await stepsOf(run)).toEqual({ plan: 'success', good: 'success', bad: 'skipped', last: 'success' });
    const good = 'done: Write\n\nContext: {"tone":"dry"}\n\nResult of plan:\nYES, do it';
    expect(run).toMatchObject({
      status: 'success',
      outputs: { output: `done: Write\n\nContext: {"tone":"dry"}\n\nResult of good:\n${good}` },
    });
    expect(models.calls.map(told).at(-1)).toMatch(/^Be literal about /);
    models.answer(() => ({ text: 'no' }));
    expect(await stepsOf(await runToEnd(app.api, 'Review-Pipeline', { inputs: { task: 'Write' } }))).toMatchObject({
      good: 'skipped',
      bad: 'success',
    });
  });

  it('calls another workflow', async () => {
    models.answer(() => ({ text: 'yes' }));
    const run = await runToEnd(app.api, 'team/outer', { inputs: { task: 'Write' } });
    expect(run).toMatchObject({ status: 'success', outputs: { output: '{"output":"yes"}' } });
  });

  it('asks people before what is risky, does it once they agree, and asks where the author says so', async () => {
    models.answer(() => ({ text: 'a poem' }));
    const { body } = await app.api.post<RunBody>('/workflows/publish/runs', { inputs: { task: 'Write' } });
    const pending = (step: string): Promise<unknown> =>
      eventually(
        async () =>
          (
            await app.api.get<{ data: { step: string; message: string; payload: object }[] }>('/approvals', {
              query: { status: 'pending' },
            })
          ).body.data,
        (approvals) => approvals[0]?.step === step,
      );
    expect(await pending('send_approval')).toMatchObject([
      {
        message: 'Shall the step send be carried out? Its risk is irreversible.',
        payload: { task: 'Write', results: { draft: 'a poem' } },
      },
    ]);
    expect(web.seen).toEqual([]);
    await app.api.post(`/runs/${body.id}/approve`, {});
    expect(await pending('look')).toMatchObject([{ message: 'Is {{it}} fine?' }]);
    expect(web.seen).toHaveLength(1);
    await app.api.post(`/runs/${body.id}/approve`, {});
    const run = await eventually(
      async () => (await app.api.get<RunBody>(`/runs/${body.id}`)).body,
      ({ status }) => status !== 'running' && status !== 'waiting',
    );
    expect(run).toMatchObject({ status: 'success', outputs: { output: 'published a poem' } });
  });

  it('keeps the budget of the whole run', async () => {
    models.answer(() => ({ text: 'x', usage: { input: 60, output: 150 } }));
    const run = await runToEnd(app.api, 'poor', { inputs: { task: 'Write' } });
    expect(run).toMatchObject({ status: 'failed', error: { code: 'budget_exceeded', step: 'c' } });
    expect(await runToEnd(app.api, 'poor', { inputs: { task: 'Write', policy: { budget_tokens: 1_000 } } })).toMatchObject({
      status: 'success',
    });
  });

  it('tells faults where they are written', async () => {
    const { body } = await app.api.get<{ data: Source[] }>('/workflows/sources');
    const faults = body.data.flatMap(({ errors }) =>
      errors.flatMap((file) => file.errors.map(({ path, code }) => `${file.path} ${path} ${code}`)),
    );
    expect(faults).toEqual([
      'broken.yaml /policy/mode enum',
      'broken.yaml /nodes/a/kind unsupported_kind',
      'broken.yaml /nodes/b/kind enum',
      'broken.yaml /nodes/c/risk enum',
      'broken.yaml /loop_edges unsupported',
      'broken.yaml /edges/1 dangling_reference',
      'broken.yaml /nodes/c/role enum',
      'broken.yaml /nodes/c/model unknown_model',
      'broken.yaml /nodes/d/url required',
      'broken.yaml /edges/2/condition bad_condition',
      'round.yaml /nodes/a cycle',
    ]);
    const [first] = body.data.flatMap(({ errors }) => errors[0]?.errors[1] ?? []);
    expect(first?.message).toContain('the node a is of the kind langgraph');
  });
});
