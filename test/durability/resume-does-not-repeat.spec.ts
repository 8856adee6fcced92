import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CrashPoint } from '../../src/engine/crash-points.js';
import { CrashPlan } from '../support/crash-plan.js';
import { eventually, storeWorkflow, type RunBody } from '../support/runs.js';
import { Stage } from '../support/stage.js';
import type { TestServer } from '../support/server.js';

/**
 * A run that failed in the middle is resumed while its server dies. What had succeeded is not executed again: the outside world
 * counts. No process dies here between an effect and its record, so everything happens once.
 */

const plan = new CrashPlan();
let stage: Stage;
let server: TestServer;

const effect = (id: string, needs: string[]) => ({
  id,
  type: 'http.request',
  needs,
  config: { method: 'POST', url: `${stage.world.url}/${id}`, body: { label: `${id} {{ inputs.label }}` } },
});

beforeAll(async () => {
  stage = await Stage.start({ env: { ...plan.env, HEDDLE_LEASE_MS: '1000' } });
  server = await stage.node();
  await storeWorkflow(server.api, {
    name: 'durability/resumed',
    inputs: { type: 'object', required: ['label', 'good'] },
    nodes: [
      effect('order', []),
      effect('pay', ['order']),
      { id: 'check', type: 'control.fail', needs: ['pay'], when: '{{ !inputs.good }}', config: { message: 'no good' } },
      { ...effect('ship', ['check', 'pay']), join: 'all_done' },
      effect('thank', ['ship']),
    ],
    outputs: { paid: '{{ nodes.pay.output.body.answer }}', thanked: '{{ nodes.thank.output.body.answer }}' },
  });
}, 120_000);
afterAll(async () => {
  await stage?.stop();
  plan.dispose();
});

async function ended(id: string): Promise<RunBody> {
  return eventually(
    async () => (await server.api.get<RunBody>(`/runs/${id}`)).body,
    ({ status }) => status === 'success' || status === 'failed',
    30_000,
  );
}

const effectsOf = (label: string): string[] =>
  stage.world.effects.flatMap((happened) => (happened.label.endsWith(` ${label}`) ? [happened.label.split(' ')[0] as string] : []));

async function failedRun(label: string): Promise<string> {
  const { body } = await server.api.post<RunBody>('/workflows/durability%2Fresumed/runs', { inputs: { label, good: false } });
  expect((await ended(body.id)).status).toBe('failed');
  expect(effectsOf(label)).toEqual(['order', 'pay']);
  return body.id;
}

/** The answer may be lost with the server; the same key gives the same run, once the time of a request that never ended is over. */
async function resume(id: string, label: string): Promise<string | null> {
  const body = { from_step: 'check', input_overrides: { good: true } };
  return server.api.post<RunBody>(`/runs/${id}/resume`, body, { headers: { 'idempotency-key': `resume ${label}` } }).then(
    (answer) => (answer.status === 202 ? answer.body.id : null),
    () => null,
  );
}

it('what a run keeps is not executed again', async () => {
  const old = await failedRun('calm');
  const id = await eventually(
    () => resume(old, 'calm'),
    (run) => run !== null,
  );
  expect(await ended(id ?? '')).toMatchObject({ status: 'success', outputs: { paid: 'pay calm done', thanked: 'thank calm done' } });
  expect(effectsOf('calm')).toEqual(['order', 'pay', 'ship', 'thank']);
  // What was kept is kept again when the resumed run is resumed in turn.
  const again = await server.api.post<RunBody>(`/runs/${id}/resume`, { from_step: 'thank' });
  expect(again.status).toBe(202);
  expect(await ended(again.body.id)).toMatchObject({ status: 'success', outputs: { paid: 'pay calm done', thanked: 'thank calm done' } });
  expect(effectsOf('calm')).toEqual(['order', 'pay', 'ship', 'thank', 'thank']);
}, 60_000);

it.each<CrashPoint>(['create.before-commit', 'create.after-commit', 'claim.after-commit', 'step.before-execute', 'end.before-commit'])(
  'killed in the middle of a resume, at %s',
  async (point) => {
    const label = point;
    const old = await failedRun(label);
    await plan.arm(server, point);
    await resume(old, label);
    await plan.reached(server, point);
    await server.restart();
    const id = await eventually(
      () => resume(old, label),
      (run) => run !== null,
      60_000,
    );
    expect(await ended(id ?? '')).toMatchObject({
      status: 'success',
      outputs: { paid: `pay ${label} done`, thanked: `thank ${label} done` },
    });
    expect(await stage.records.query('SELECT id FROM runs WHERE resumed_from = $1', [old])).toEqual([{ id }]);
    expect(new Set(effectsOf(label))).toEqual(new Set(['order', 'pay', 'ship', 'thank']));
    expect(effectsOf(label).filter((step) => step === 'order' || step === 'pay')).toEqual(['order', 'pay']);
    expect(await stage.records.faults()).toEqual([]);
  },
  150_000,
);
