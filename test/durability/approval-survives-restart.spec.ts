import { afterAll, beforeAll, expect, it } from 'vitest';
import { CrashPlan } from '../support/crash-plan.js';
import { EffectsServer } from '../support/effects-server.js';
import { startServer, type TestServer } from '../support/index.js';
import { type EventBody, eventually, type RunBody, storeWorkflow } from '../support/runs.js';

interface ApprovalBody {
  readonly id: string;
  readonly step: string;
  readonly status: string;
  readonly content_hash: string;
  readonly decided_by: string | null;
}

const plan = new CrashPlan();
let world: EffectsServer;
let server: TestServer;

beforeAll(async () => {
  world = await EffectsServer.start();
  const env = { ...plan.env, HEDDLE_LEASE_MS: '1000', HEDDLE_PARK_AFTER_MS: '20', HEDDLE_EGRESS_ALLOW: '127.0.0.1' };
  server = await startServer({ env });
  await storeWorkflow(server.api, {
    name: 'durability/gated',
    inputs: { type: 'object', required: ['label'], properties: { label: { type: 'string' } } },
    nodes: [
      { id: 'gate', type: 'control.approval', config: { message: 'Do {{ inputs.label }}?', payload: { n: 1 }, editable: ['n'] } },
      {
        id: 'act',
        type: 'http.request',
        needs: ['gate'],
        config: { method: 'POST', url: `${world.url}/act`, body: { label: '{{ inputs.label }} {{ nodes.gate.output.payload.n }}' } },
      },
    ],
    outputs: '{{ nodes.act.output.body }}',
  });
});
afterAll(async () => {
  await server?.dispose();
  await world?.stop();
  plan.dispose();
});

async function start(label: string): Promise<string> {
  const { status, body } = await server.api.post<RunBody>('/workflows/durability%2Fgated/runs', { inputs: { label } });
  expect(status).toBe(202);
  return body.id;
}

async function approvalsOf(run: string): Promise<ApprovalBody[]> {
  return (await server.api.get<{ data: ApprovalBody[] }>('/approvals', { query: { run_id: run } })).body.data;
}

async function asked(run: string): Promise<ApprovalBody> {
  const [approval] = await eventually(
    () => approvalsOf(run),
    (approvals) => approvals.length > 0,
  );
  if (approval === undefined) throw new Error('nothing is asked');
  await eventually(
    async () => (await server.api.get<RunBody>(`/runs/${run}`)).body,
    ({ status }) => status === 'waiting',
  );
  return approval;
}

async function succeeded(run: string): Promise<RunBody> {
  return eventually(
    async () => (await server.api.get<RunBody>(`/runs/${run}`)).body,
    ({ status }) => status === 'success',
    30_000,
  );
}

const effectsOf = (label: string): string[] => world.effects.flatMap((effect) => (effect.label.startsWith(label) ? [effect.label] : []));

it('a run that waits for approval is killed with its server, and waits on', async () => {
  const run = await start('parked');
  const before = await asked(run);
  await server.restart();
  expect(await approvalsOf(run)).toEqual([before]);
  expect(effectsOf('parked')).toEqual([]);
  const decided = await server.api.post(`/runs/${run}/approve`, { content_hash: before.content_hash, edits: { n: 7 } });
  expect(decided).toMatchObject({ status: 200, body: { id: before.id, status: 'approved' } });
  expect((await succeeded(run)).outputs).toEqual({ answer: 'parked 7 done' });
  expect(effectsOf('parked')).toEqual(['parked 7']);
});

it('killed between asking and writing down that it asked, it asks the same once', async () => {
  await plan.arm(server, 'step.after-execute');
  // Its answer may be lost with the server; the run is not.
  const headers = { 'idempotency-key': 'asked twice' };
  const begin = (): Promise<string | null> =>
    server.api.post<RunBody>('/workflows/durability%2Fgated/runs', { inputs: { label: 'asked' } }, { headers }).then(
      ({ body }) => body.id,
      () => null,
    );
  await begin();
  await plan.reached(server, 'step.after-execute');
  await server.restart();
  const run = await eventually(begin, (id) => id !== null);
  if (run === null) throw new Error('no run');
  const approval = await asked(run);
  expect(await approvalsOf(run)).toEqual([approval]);
  expect((await server.api.post(`/runs/${run}/approve`)).status).toBe(200);
  await succeeded(run);
  expect(effectsOf('asked')).toEqual(['asked 1']);
});

it('killed when the decision is made but not yet acted upon, it acts on it once', async () => {
  const run = await start('decided');
  const approval = await asked(run);
  await plan.arm(server, 'claim.after-commit');
  await server.api.post(`/runs/${run}/approve`).catch(() => null);
  await plan.reached(server, 'claim.after-commit');
  await server.restart();
  expect(await approvalsOf(run)).toMatchObject([{ id: approval.id, status: 'approved', decided_by: 'bootstrap' }]);
  expect(await server.api.post(`/runs/${run}/reject`)).toMatchObject({ status: 409, body: { code: 'already_decided' } });
  await succeeded(run);
  expect(effectsOf('decided')).toEqual(['decided 1']);
  const { body } = await server.api.get<{ data: EventBody[] }>(`/runs/${run}/events`, { query: { limit: 500 } });
  expect(body.data.filter(({ type }) => type.startsWith('approval.')).map(({ type }) => type)).toEqual([
    'approval.requested',
    'approval.decided',
  ]);
});
