import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findBrokenLink, type CrashPoint, type JournalWrite } from '../../src/engine/index.js';
import { PostgresRunStore } from '../../src/modules/runs/store/postgres-run-store.js';
import { Stage, isHeldBy } from '../support/stage.js';
import { CrashPlan } from '../support/crash-plan.js';
import type { Gate } from '../support/effects-server.js';
import { outputsOfJourney, start, storeJourneys } from '../support/journey.js';
import { eventually, type RunBody } from '../support/runs.js';
import type { TestServer } from '../support/server.js';
import { shortLivedRun, StoreWorker } from '../support/store-worker.js';

const ROUNDS = 40;

let stage: Stage;
const plan = new CrashPlan();
beforeAll(async () => {
  stage = await Stage.start({ env: { HEDDLE_LEASE_MS: '1000', HEDDLE_PARK_AFTER_MS: '20', HEDDLE_JOURNAL_LANES: '1' } });
});
afterAll(async () => {
  await stage?.stop();
  plan.dispose();
});

describe('at the store', () => {
  let pool: pg.Pool;
  let store: PostgresRunStore;
  beforeAll(async () => {
    pool = new pg.Pool({ connectionString: await stage.postgres.createDatabase(), max: 8 });
    store = new PostgresRunStore(pool);
  });
  afterAll(() => pool.end());

  /** Everything the database says about a run. */
  async function everythingOf(runId: string): Promise<unknown> {
    const tables = { runs: 'id', live_runs: 'run_id', run_events: 'run_id', run_signals: 'run_id' };
    const readings = Object.entries(tables).map(([table, key]) =>
      pool.query(`SELECT to_json(t) AS row FROM ${table} t WHERE ${key} = $1 ORDER BY to_json(t)::text`, [runId]),
    );
    return (await Promise.all(readings)).map(({ rows }) => rows as unknown);
  }

  /** Runs whose first lease is over and whose second is held. */
  async function takenOver(count: number): Promise<{ stale: StoreWorker; current: StoreWorker }[]> {
    const runs = Array.from({ length: count }, shortLivedRun);
    await store.createRuns({ runs, owner: 'stale', leaseMs: 0 });
    await eventually(
      () => store.sweep(),
      (sweep) => sweep.readied > 0,
    );
    const current = await StoreWorker.claimAll(store, 'current');
    return runs.map((run) => {
      const next = current.find((worker) => worker.runId === run.id && worker.epoch === 2);
      if (next === undefined) throw new Error('the run was not taken over');
      return { stale: new StoreWorker(run.id, 1, [run.first], 'stale'), current: next };
    });
  }

  const attempts: Record<string, (stale: StoreWorker) => JournalWrite> = {
    rows: (stale) => stale.step('a'),
    'an end': (stale) => stale.end('success'),
    'a park': (stale) => stale.park(),
    'a release': (stale) => stale.release(),
  };
  const situations: Record<string, ((current: StoreWorker) => JournalWrite) | null> = {
    'holds it': null,
    'went on': (current) => current.step('a'),
    'parked it': (current) => current.park(),
    'gave it back': (current) => current.release(),
    'ended it': (current) => current.end('failed'),
  };

  it.each(Object.keys(situations))('nothing is written for the former holder when the next one %s', async (situation) => {
    for (const [kind, attempt] of Object.entries(attempts)) {
      const [run, neighbour] = (await takenOver(2)) as [
        { stale: StoreWorker; current: StoreWorker },
        { stale: StoreWorker; current: StoreWorker },
      ];
      const act = situations[situation];
      if (act) expect((await store.append([act(run.current)])).lost).toEqual(new Set());
      const before = await everythingOf(run.stale.runId);
      const result = await store.append([neighbour.current.step('b'), attempt(run.stale)]);
      expect({ kind, lost: [...result.lost], failed: result.failed.size, cancelFirst: result.cancelFirst.size }).toEqual({
        kind,
        lost: [run.stale.runId],
        failed: 0,
        cancelFirst: 0,
      });
      const lease = { runId: run.stale.runId, epoch: 1 };
      expect((await store.heartbeat({ owner: 'stale', leaseMs: 60_000, leases: [lease] })).lost).toEqual([run.stale.runId]);
      expect(await everythingOf(run.stale.runId)).toEqual(before);
      const written = await store.loadJournals([neighbour.stale.runId]);
      expect([...written.values()].flat().map((entry) => entry.step)).toEqual([null, 'b']);
    }
  });

  it('what a claim reads is all that the former holder ever writes', async () => {
    const accepted = new Set<string>();
    const write = async (worker: StoreWorker): Promise<void> => {
      if (!(await store.append([worker.step('a')])).lost.has(worker.runId)) accepted.add(worker.runId);
    };
    const takeOver = async (ended: number): Promise<void> => {
      for (let left = ended; left > 0;) {
        await store.sweep();
        const claimed = await StoreWorker.claimAll(store, 'current');
        await store.append(claimed.filter((worker) => !worker.knows('a')).map((worker) => worker.step('a')));
        expect((await store.append(claimed.map((worker) => worker.end('success')))).lost).toEqual(new Set());
        left -= claimed.length;
      }
    };
    const all: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const runs = Array.from({ length: 9 }, shortLivedRun);
      await store.createRuns({ runs, owner: 'stale', leaseMs: 0 });
      const stale = runs.map((run) => new StoreWorker(run.id, 1, [run.first], 'stale'));
      const writers = [0, 1, 2].map(async (lane) => {
        for (const worker of stale.slice(3 * lane, 3 * lane + 3)) await write(worker);
      });
      await Promise.all([...writers, takeOver(runs.length)]);
      all.push(...runs.map((run) => run.id));
    }
    // Both came first at times, or there was no race.
    expect(accepted.size).toBeGreaterThan(0);
    expect(accepted.size).toBeLessThan(all.length);
    for (const [runId, journal] of await store.loadJournals(all)) {
      expect(findBrokenLink(journal)).toBeNull();
      const steps = journal.filter((entry) => entry.step !== null).map((entry) => JSON.parse(entry.data) as unknown);
      expect(steps).toEqual([{ output: accepted.has(runId) ? 'stale' : 'current' }]);
    }
  });
});

describe('by a process that stopped', { timeout: 120_000 }, () => {
  let first: TestServer;
  let second: TestServer;
  beforeAll(async () => {
    [first, second] = await Promise.all([stage.node(plan.env), stage.node()]);
    await storeJourneys(first.api);
  });
  afterEach(() => {
    for (const node of [first, second]) process.kill(node.pid, 'SIGCONT');
  });

  /** The journey under way, once the second process is at its last effect and has written all there is to write so far. */
  async function journeyAtItsEnd(gate: Gate): Promise<void> {
    await gate.holds(1);
    const journey = (await stage.records.runs()).find((run) => run.status === null && run.parent_run_id === null);
    if (journey === undefined) throw new Error('no journey is under way');
    expect(isHeldBy(second, journey)).toBe(true);
    const last = async () => (await stage.records.journal(journey.id)).at(-1);
    await eventually(last, (entry) => entry?.type === 'step.started' && entry.step === 'arrive');
  }

  async function everythingBut(...ids: readonly string[]): Promise<unknown> {
    const runs = (await stage.records.runs()).filter((run) => !ids.includes(run.id));
    return { runs, journals: await stage.records.journals(runs.map((run) => run.id)) };
  }

  const points: [CrashPoint, number][] = [
    ['create.after-commit', 1],
    ['step.after-execute', 2],
    ['journal.before-commit', 4],
    ['park.before-commit', 1],
    ['claim.after-commit', 1],
    ['end.before-commit', 2],
  ];

  describe.each(['holds', 'has ended'])('until another one %s its run, at', (situation) => {
    it.each(points)('%s', async (point, nth) => {
      const { records, world } = stage;
      // Alone, so that it is the first process that gets there.
      process.kill(second.pid, 'SIGSTOP');
      await plan.arm(first, point, { nth, signal: 'SIGSTOP' });
      const starting = start(first.api, 'durability/journey', nth, world);
      await plan.reached(first, point, 'SIGSTOP');
      const gate = situation === 'holds' ? world.gate('/arrive') : null;
      process.kill(second.pid, 'SIGCONT');
      await (gate === null ? records.ended(20_000) : journeyAtItsEnd(gate));
      const before = await everythingBut();
      const arrivals = world.effects.filter((effect) => effect.path === '/arrive').length;

      process.kill(first.pid, 'SIGCONT');
      await plan.past(first, point);
      const id = await starting;
      // It has one journal lane: whatever it still wrote went before the rows of this run.
      const later = await start(first.api, 'durability/errand', 0, world, { wait: '30s' });
      expect(isHeldBy(first, await records.run(later))).toBe(true);
      expect(await everythingBut(later)).toEqual(before);
      gate?.open();
      await records.ended(20_000);
      expect(isHeldBy(second, await records.run(id))).toBe(true);
      expect(await records.faults()).toEqual([]);
      expect((await first.api.get<RunBody>(`/runs/${id}`)).body).toMatchObject({ status: 'success', outputs: outputsOfJourney(nth) });
      // A request may have been on its way when it stopped, but nothing began that needs what it could not write.
      expect(world.effects.filter((effect) => effect.path === '/arrive')).toHaveLength(arrivals);
    });
  });
});
