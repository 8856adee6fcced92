import { afterAll, beforeAll, expect, it } from 'vitest';
import { EffectsServer, type Gate } from '../support/effects-server.js';
import { startServer, type TestServer } from '../support/index.js';
import { type EventBody, eventually, type RunBody, storeWorkflow } from '../support/runs.js';

let world: EffectsServer;
let server: TestServer;

const call = (path: string, label: string, more: object = {}): object => ({
  type: 'step',
  node: 'http.request',
  config: { method: 'POST', url: `${world.url}${path}`, body: { label } },
  ...more,
});

beforeAll(async () => {
  world = await EffectsServer.start();
  server = await startServer({ env: { HEDDLE_LEASE_MS: '5000', HEDDLE_PARK_AFTER_MS: '20', HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
  await storeWorkflow(server.api, {
    name: 'durability/machine',
    kind: 'states',
    initial: 'poll',
    states: {
      // Twice, so that a state has two visits.
      poll: call('/poll', 'poll', { transitions: [{ when: '{{ !("nap" in states) }}', goto: 'nap' }], on_success: 'each' }),
      nap: { type: 'step', node: 'time.delay', config: { delay_ms: 50 }, on_success: 'poll' },
      each: { type: 'for_each', items: ['a', 'b', 'c', 'd'], body: ['first', 'second'], on_complete: 'both' },
      first: call('/first', '{{ loop.item }}'),
      second: call('/second-{{ loop.item }}', '{{ states.first.output.body.answer }}'),
      both: { type: 'parallel', branches: ['left', 'right'], timeout_ms: 600_000, on_success: 'done' },
      left: call('/left', 'left'),
      right: call('/right', 'right'),
      done: { type: 'terminal' },
    },
    outputs: { last: '{{ states.second.output.body.answer }}', both: '{{ states.both.output.right.body.answer }}' },
  });
});
afterAll(async () => {
  await server?.dispose();
  await world?.stop();
});

/** Starts a run and kills the server while a request is held back and a step is done; the run goes on once the server is back. */
async function killedAt(gate: Gate, done: string): Promise<string> {
  const { status, body } = await server.api.post<RunBody>('/workflows/durability%2Fmachine/runs', {});
  expect(status).toBe(202);
  await gate.holds(1);
  await eventually(
    async () => (await server.api.get<{ data: { path: string; status: string }[] }>(`/runs/${body.id}/steps`)).body.data,
    (steps) => steps.some(({ path, status: how }) => path === done && how === 'success'),
  );
  await server.restart();
  gate.open();
  return body.id;
}

async function endOf(id: string): Promise<RunBody> {
  const run = await eventually(
    async () => (await server.api.get<RunBody>(`/runs/${id}`)).body,
    ({ status }) => status === 'success' || status === 'failed',
    60_000,
  );
  expect(run).toMatchObject({
    status: 'success',
    outputs: { last: 'd done done', both: 'right done' },
    progress: { completed: 9, total: 9 },
  });
  return run;
}

/** How often each step of the run reached the outside world. */
function effectsOf(id: string): Record<string, number> {
  const steps = world.effects.filter(({ key }) => key.startsWith(`${id}/`)).map(({ key }) => key.slice(id.length + 1, -2));
  return Object.fromEntries([...new Set(steps)].map((step) => [step, steps.filter((other) => other === step).length]));
}

const ONCE = Object.fromEntries(
  ['poll', 'poll~2', ...[0, 1, 2, 3].flatMap((turn) => [`each[${turn}]/first`, `each[${turn}]/second`]), 'both/left', 'both/right'].map(
    (step) => [step, 1],
  ),
);

it('goes on in the turn of a loop in which it died, and repeats no turn before it', async () => {
  const id = await killedAt(world.gate('/second-c'), 'each[2]/first');
  await endOf(id);
  expect(effectsOf(id)).toEqual({ ...ONCE, 'each[2]/second': 2 });
});

it('goes on in the branch in which it died, and repeats no branch that was done', async () => {
  const id = await killedAt(world.gate('/right'), 'both/left');
  await endOf(id);
  expect(effectsOf(id)).toEqual({ ...ONCE, 'both/right': 2 });
  const { body } = await server.api.get<{ data: EventBody[] }>(`/runs/${id}/events`, { query: { limit: 500 } });
  expect(body.data.map(({ seq }) => seq)).toEqual(body.data.map((_, index) => index + 1));
});
