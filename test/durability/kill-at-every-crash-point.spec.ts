import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CRASH_POINTS, type CrashPoint } from '../../src/engine/index.js';
import { Stage } from '../support/stage.js';
import { CrashPlan } from '../support/crash-plan.js';
import type { EffectsServer } from '../support/effects-server.js';
import type { TestServer } from '../support/server.js';
import { EFFECTS_OF_JOURNEY, outputsOfJourney, storeJourneys } from '../support/journey.js';
import { finishedKeys, type RunRecords } from '../support/run-records.js';
import type { RunBody } from '../support/runs.js';

const JOURNEYS = 4;
/** At which visit the process dies: somewhere in the middle for points that a journey passes often. */
const NTH: Partial<Record<CrashPoint, number>> = {
  'create.after-commit': 2,
  'step.before-execute': 7,
  'step.after-execute': 11,
  'journal.before-commit': 6,
  'journal.after-commit': 5,
  'end.before-commit': 3,
  'end.after-commit': 2,
};

/** By step: which step is over when it begins. A leg walks once its parent has napped. */
const DEPENDS_ON: Readonly<Record<string, string>> = { parts: 'begin', walk: 'nap', arrive: 'leg', return: 'go' };

let stage: Stage;
let records: RunRecords;
let world: EffectsServer;
let server: TestServer;
const plan = new CrashPlan();

beforeAll(async () => {
  stage = await Stage.start({ env: { ...plan.env, HEDDLE_LEASE_MS: '1000', HEDDLE_PARK_AFTER_MS: '20' } });
  ({ records, world } = stage);
  server = await stage.node();
  await storeJourneys(server.api);
});

afterEach(async () => {
  const alive = await server.api.get('/health/live').catch(() => null);
  if (alive === null) await server.restart();
});

afterAll(async () => {
  await stage?.stop();
  plan.dispose();
});

/** A client that does not give up: what was not answered is asked again, with the same key. */
async function start(point: string, workflow: string, n: number): Promise<string | null> {
  const answer = await server.api
    .post<RunBody>(
      `/workflows/${encodeURIComponent(workflow)}/runs`,
      { inputs: { n, url: world.url } },
      { headers: { 'idempotency-key': `${point} ${workflow} ${n}` } },
    )
    .catch(() => null);
  if (answer === null) return null;
  expect(answer).toMatchObject({ status: 202 });
  return answer.body.id;
}

const startAll = (point: string): Promise<(string | null)[]> =>
  Promise.all(Array.from({ length: JOURNEYS }, (_, n) => start(point, 'durability/journey', n)));

async function cancel(runId: string): Promise<number | null> {
  return server.api.post(`/runs/${runId}/cancel`, { reason: 'enough' }).then(
    ({ status }) => status,
    () => null,
  );
}

/** Effects that began although what they depend on was not durable. */
async function tooEarly(finished: readonly string[]): Promise<string[]> {
  const parents = new Map((await records.runs()).map((run) => [run.id, run.parent_run_id]));
  return world.effects
    .map(({ key }) => key)
    .filter((key) => {
      const [runId = '', step = ''] = key.split('/');
      const needed = DEPENDS_ON[step.replace(/\[\d+\]$/, '')];
      const of = step === 'walk' ? parents.get(runId) : runId;
      return needed !== undefined && !finished.includes(`${of}/${needed}/1`);
    });
}

describe('a process killed at', { timeout: 120_000 }, () => {
  it.each(CRASH_POINTS)('%s: what it accepted ends as if nothing had happened', async (point) => {
    const gate = world.gate('/go');
    const [errand, sleep] = [await start(point, 'durability/errand', 0), await start(point, 'durability/sleep', 0)];
    if (errand === null || sleep === null) throw new Error('the server was not there');
    await gate.holds(1);

    const older = (await records.runs()).map((run) => run.id);
    await plan.arm(server, point, { nth: NTH[point] ?? 1 });
    const accepted = await startAll(point);
    const [errandCancel, sleepCancel] = [await cancel(errand), await cancel(sleep)];
    await plan.reached(server, point);
    expect(await server.ended()).toBeNull();

    const finished = finishedKeys(await records.journals());
    const timesBefore = finished.map((key) => world.times(key));
    expect(await tooEarly(finished)).toEqual([]);
    // The time that makes the key of a request that died free again.
    await records.query('UPDATE idempotency_keys SET locked_until = now() WHERE response_status IS NULL');
    await server.restart();
    const again = await startAll(point);
    accepted.forEach((id, n) => expect(again[n]).toBe(id ?? again[n]));
    if (errandCancel === null) await cancel(errand);
    if (sleepCancel === null) await cancel(sleep);
    await records.ended(30_000);
    gate.open();

    expect(await records.faults()).toEqual([]);
    expect(finished.map((key) => world.times(key))).toEqual(timesBefore);
    expect(world.effects.filter((effect) => effect.path === '/return')).toEqual([]);
    for (const [n, id] of again.entries()) {
      const { body } = await server.api.get<RunBody>(`/runs/${id}`);
      expect(body).toMatchObject({ status: 'success', outputs: outputsOfJourney(n) });
    }
    for (const id of [errand, sleep]) expect(await records.run(id)).toMatchObject({ status: 'cancelled' });
    // One run per request, one child per journey, one key per effect: nothing exists twice.
    const mine = (await records.runs()).filter((run) => !older.includes(run.id));
    const journeys = mine.filter((run) => run.parent_run_id === null).map((run) => run.id);
    expect(new Set(journeys)).toEqual(new Set(again));
    expect(mine).toHaveLength(2 * JOURNEYS);
    const keys = new Set(world.effects.map((effect) => effect.key).filter((key) => mine.some((run) => key.startsWith(run.id))));
    expect(keys.size).toBe(JOURNEYS * EFFECTS_OF_JOURNEY);
  });
});
