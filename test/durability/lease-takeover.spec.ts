import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/engine/index.js';
import { Stage, isHeldBy } from '../support/stage.js';
import { outputsOfErrand, outputsOfJourney, start, storeJourneys } from '../support/journey.js';
import { finishedKeys } from '../support/run-records.js';
import type { TestServer } from '../support/server.js';
import { eventually, type RunBody } from '../support/runs.js';

const ERRANDS = 6;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({ env: { HEDDLE_PARK_AFTER_MS: '20', HEDDLE_JOURNAL_LANES: '1' } });
});
afterAll(() => stage?.stop());

async function expectErrandsDone(api: TestServer['api'], ids: readonly string[]): Promise<void> {
  for (const [n, id] of ids.entries()) {
    expect((await api.get<RunBody>(`/runs/${id}`)).body).toMatchObject({ status: 'success', outputs: outputsOfErrand(n) });
    // The effect whose end was lost with its process happened again; the one after it never began before.
    expect(stage.world.times(`${id}/return/1`)).toBe(1);
  }
}

const startErrands = (api: TestServer['api']): Promise<string[]> =>
  Promise.all(Array.from({ length: ERRANDS }, (_, n) => start(api, 'durability/errand', n, stage.world)));

describe('with the default lease', { timeout: 120_000 }, () => {
  it('the runs of a killed process go on elsewhere within 15 s, whatever the roles', async () => {
    const { records, world } = stage;
    const [all, api, worker] = await Promise.all([stage.node(), stage.node({ HEDDLE_ROLE: 'api' }), stage.node({ HEDDLE_ROLE: 'worker' })]);
    await storeJourneys(api.api);
    const gate = world.gate('/go');
    const ids = await startErrands(api.api);
    await gate.holds(ERRANDS);
    const held = await records.runs();
    expect(held.filter((run) => isHeldBy(api, run))).toEqual([]);
    const victim = held.some((run) => isHeldBy(worker, run)) ? worker : all;

    await victim.kill('SIGKILL');
    const killedAt = performance.now();
    gate.open();
    await records.ended(15_000, ids);
    expect(performance.now() - killedAt).toBeLessThan(15_000);
    expect((await records.runs()).filter((run) => isHeldBy(victim, run))).toEqual([]);
    expect(await records.faults()).toEqual([]);
    await expectErrandsDone(api.api, ids);
    await Promise.all([all, api, worker].map((node) => node.dispose()));
  });
});

describe('with a short lease', { timeout: 120_000 }, () => {
  let first: TestServer;
  let second: TestServer;
  beforeAll(async () => {
    [first, second] = await Promise.all([stage.node({ HEDDLE_LEASE_MS: '1000' }), stage.node({ HEDDLE_LEASE_MS: '1000' })]);
  });

  it('a process stopped for longer than its lease writes nothing when it goes on', async () => {
    const { records, world } = stage;
    const gate = world.gate('/go');
    const ids = await startErrands(first.api);
    await gate.holds(ERRANDS);
    process.kill(first.pid, 'SIGSTOP');
    await gate.holds(2 * ERRANDS);
    const taken = await records.runs();
    expect(taken.filter((run) => ids.includes(run.id)).every((run) => isHeldBy(second, run) && run.epoch === 2)).toBe(true);

    const returning = world.gate('/return');
    gate.open();
    await returning.holds(ERRANDS);
    const isWritten = (found: Map<string, JournalEntry[]>): boolean =>
      [...found.values()].every((journal) => journal.at(-1)?.type === 'step.started');
    const journals = await eventually(() => records.journals(ids), isWritten);
    process.kill(first.pid, 'SIGCONT');
    // The answers it waited for are there already. It has one journal lane: what it makes of them is written before this.
    const later = await start(first.api, 'durability/leg', 7, world, { wait: '30s' });
    expect(isHeldBy(first, await records.run(later))).toBe(true);
    expect(await records.journals(ids)).toEqual(journals);
    returning.open();
    await records.ended(15_000, ids);
    expect(await records.faults()).toEqual([]);
    await expectErrandsDone(second.api, ids);
  });

  it('the runs of a killed process go on at once, from where they were', async () => {
    const { records, world } = stage;
    const gate = world.gate('/leg');
    const ids = await Promise.all(Array.from({ length: ERRANDS }, (_, n) => start(first.api, 'durability/journey', n, world)));
    await gate.holds(ERRANDS);
    await first.kill('SIGKILL');
    const killedAt = performance.now();
    const finished = finishedKeys(await records.journals(ids));
    const before = finished.map((key) => world.times(key));
    gate.open();
    await records.ended(15_000);
    expect(performance.now() - killedAt).toBeLessThan(8_000);
    expect(finished.map((key) => world.times(key))).toEqual(before);
    expect(await records.faults()).toEqual([]);
    for (const [n, id] of ids.entries()) {
      expect((await second.api.get<RunBody>(`/runs/${id}`)).body).toMatchObject({ status: 'success', outputs: outputsOfJourney(n) });
    }
  });
});
