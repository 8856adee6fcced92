import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputsOfErrand, start, storeJourneys } from '../support/journey.js';
import type { TestServer } from '../support/server.js';
import { isHeldBy, Stage } from '../support/stage.js';
import { eventually, type RunBody } from '../support/runs.js';

const ERRANDS = 5;
/** Nobody could continue that soon by waiting for a lease to run out. */
const LEASE_MS = 60_000;
const AT_ONCE_MS = 10_000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({ env: { HEDDLE_LEASE_MS: String(LEASE_MS), HEDDLE_PARK_AFTER_MS: '20' } });
});
afterAll(() => stage?.stop());

const startErrands = (node: TestServer): Promise<string[]> =>
  Promise.all(Array.from({ length: ERRANDS }, (_, n) => start(node.api, 'durability/errand', n, stage.world)));

async function expectDoneBy(node: TestServer, ids: readonly string[]): Promise<void> {
  for (const [n, id] of ids.entries()) {
    expect(isHeldBy(node, await stage.records.run(id))).toBe(true);
    expect((await node.api.get<RunBody>(`/runs/${id}`)).body).toMatchObject({ status: 'success', outputs: outputsOfErrand(n) });
  }
  expect(await stage.records.faults()).toEqual([]);
}

const isDraining = async (node: TestServer): Promise<boolean> =>
  node.stdout.includes('"phase":"drain"') || node.stdout.includes('shutting down');

describe('SIGTERM in the middle of running steps', { timeout: 120_000 }, () => {
  let heir: TestServer;
  beforeAll(async () => {
    heir = await stage.node();
    await storeJourneys(heir.api);
  });

  it('lets them finish, and hands the runs to another process at once', async () => {
    const { records, world } = stage;
    const leaving = await stage.node();
    const [going, returning] = [world.gate('/go'), world.gate('/return')];
    const ids = await startErrands(leaving);
    const asleep = await start(leaving.api, 'durability/sleep', 0, world);
    await going.holds(ERRANDS);
    const ended = leaving.kill('SIGTERM');
    await eventually(() => isDraining(leaving), Boolean);
    going.open();
    // The steps that ran are written by the process that leaves; those after them begin elsewhere.
    await returning.holds(ERRANDS);
    for (const id of ids) expect(isHeldBy(heir, await records.run(id))).toBe(true);
    returning.open();
    const handedOver = performance.now();
    await records.ended(AT_ONCE_MS, ids);
    expect(performance.now() - handedOver).toBeLessThan(AT_ONCE_MS);
    expect(await ended).toBe(0);

    for (const id of ids) for (const step of ['go', 'return']) expect(world.times(`${id}/${step}/1`)).toBe(1);
    expect((await heir.api.post(`/runs/${asleep}/cancel`)).status).toBe(202);
    await records.ended(AT_ONCE_MS);
    await expectDoneBy(heir, ids);
  });

  it('aborts what does not finish in time, and hands the runs over all the same', async () => {
    const { records, world } = stage;
    const leaving = await stage.node({ HEDDLE_DRAIN_MS: '300' });
    const gate = world.gate('/go');
    const ids = await startErrands(leaving);
    await gate.holds(ERRANDS);
    expect(await leaving.kill('SIGTERM')).toBe(0);
    // The aborted requests are gone, the same ones of the other process wait instead.
    await gate.holds(ERRANDS);
    gate.open();
    await records.ended(AT_ONCE_MS, ids);
    for (const id of ids) {
      expect(world.times(`${id}/go/1`)).toBe(2);
      expect(world.times(`${id}/return/1`)).toBe(1);
    }
    await expectDoneBy(heir, ids);
  });
});
