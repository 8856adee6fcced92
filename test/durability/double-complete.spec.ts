import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBrokenLink } from '../../src/engine/index.js';
import { PostgresRunStore } from '../../src/modules/runs/store/postgres-run-store.js';
import { Stage } from '../support/stage.js';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { outputsOfErrand, outputsOfJourney, start, storeJourneys } from '../support/journey.js';
import { eventually, type RunBody } from '../support/runs.js';
import { shortLivedRun, StoreWorker } from '../support/store-worker.js';
import type { TestServer } from '../support/server.js';

const JOURNEYS = 10;
const ROUNDS = 30;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start({ env: { HEDDLE_PARK_AFTER_MS: '20' } });
});
afterAll(() => stage?.stop());

/** Every effect of the given runs and their children happened exactly once. */
async function expectEffectsOnce(ids: readonly string[]): Promise<void> {
  const family = (await stage.records.runs()).filter(
    (run) => ids.includes(run.id) || (run.parent_run_id !== null && ids.includes(run.parent_run_id)),
  );
  const keys = stage.world.effects.map((effect) => effect.key).filter((key) => family.some((run) => key.startsWith(run.id)));
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
}

describe('a commit whose answer is lost', { timeout: 120_000 }, () => {
  let proxy: CuttingProxy;
  let server: TestServer;
  beforeAll(async () => {
    proxy = await CuttingProxy.start(stage.databaseUrl);
    server = await stage.node({ DATABASE_URL: proxy.url, DATABASE_DIRECT_URL: stage.databaseUrl, HEDDLE_LEASE_MS: '2000' });
    await storeJourneys(server.api);
  });
  afterAll(async () => {
    await server?.dispose();
    await proxy?.stop();
  });

  async function startStubbornly(n: number): Promise<string> {
    for (;;) {
      const answer = await server.api.post<RunBody>(
        '/workflows/durability%2Fjourney/runs',
        { inputs: { n, url: stage.world.url } },
        { headers: { 'idempotency-key': `journey ${n}` } },
      );
      if (answer.status === 202) return answer.body.id;
      expect(answer.status).toBe(503);
    }
  }

  it('is neither lost nor repeated', async () => {
    const { records } = stage;
    proxy.loseAnswers({
      run_store_append_entries: 3,
      run_store_append_and_transition: 3,
      run_store_create_runs: 2,
      run_store_claim_runs: 5,
    });
    const ids: string[] = [];
    for (let n = 0; n < JOURNEYS; n += 1) ids.push(await startStubbornly(n));
    await records.ended(60_000);
    proxy.loseAnswers({});
    for (const text of ['append_entries', 'append_and_transition', 'create_runs', 'claim_runs']) {
      expect({ text, cuts: proxy.cuts[`run_store_${text}`] }).toEqual({ text, cuts: expect.any(Number) as number });
    }
    expect(await records.faults()).toEqual([]);
    expect((await records.runs()).filter((run) => run.subject_name === 'durability/journey')).toHaveLength(JOURNEYS);
    for (const [n, id] of ids.entries()) {
      expect((await server.api.get<RunBody>(`/runs/${id}`)).body).toMatchObject({ status: 'success', outputs: outputsOfJourney(n) });
    }
    await expectEffectsOnce(ids);
  });

  it('is found again when it was still under way as the connection broke', async () => {
    const { records, world, databaseUrl } = stage;
    const gate = world.gate('/go');
    const id = await start(server.api, 'durability/errand', 1, world);
    await gate.holds(1);
    const blocker = new pg.Client(databaseUrl);
    await blocker.connect();
    const blocked = async (): Promise<number> => {
      const [row] = await records.query<{ n: number }>(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO run_events%' AND datname = current_database()",
      );
      return row?.n ?? 0;
    };
    try {
      await blocker.query('BEGIN');
      await blocker.query('SELECT FROM live_runs WHERE run_id = $1 FOR UPDATE', [id]);
      gate.open();
      await eventually(blocked, (n) => n === 1);
      proxy.breakAll();
      // The first statement still waits in a server process whose client is gone, and the same rows come again.
      await eventually(blocked, (n) => n === 2);
      await blocker.query('COMMIT');
    } finally {
      await blocker.end();
    }
    await records.ended(15_000, [id]);
    expect((await server.api.get<RunBody>(`/runs/${id}`)).body).toMatchObject({ status: 'success', outputs: outputsOfErrand(1) });
    expect(await records.faults()).toEqual([]);
    await expectEffectsOnce([id]);
  });

  it('is not repeated however often connections are terminated', async () => {
    const { records, world } = stage;
    const ids = await Promise.all(Array.from({ length: JOURNEYS }, (_, n) => start(server.api, 'durability/journey', n, world)));
    let terminated = 0;
    const terminateWriters = async (): Promise<boolean> => {
      const [row] = await records.query<{ n: number }>(
        `SELECT count(pg_terminate_backend(pid))::int AS n FROM pg_stat_activity
         WHERE application_name LIKE 'heddle engine%' AND query LIKE '%INSERT INTO run_events%' AND datname = current_database()`,
      );
      terminated += row?.n ?? 0;
      return (row?.n ?? 0) > 0 || (await records.runs()).every((run) => run.status !== null);
    };
    for (let round = 0; round < ROUNDS; round += 1) await eventually(terminateWriters, Boolean);
    await records.ended(30_000);
    expect(terminated).toBeGreaterThan(10);
    expect(await records.faults()).toEqual([]);
    for (const [n, id] of ids.entries()) {
      expect((await server.api.get<RunBody>(`/runs/${id}`)).body).toMatchObject({ status: 'success', outputs: outputsOfJourney(n) });
    }
    await expectEffectsOnce(ids);
  });
});

describe('two workers that end one run at the same instant', () => {
  it('agree on how it ended', async () => {
    const pool = new pg.Pool({ connectionString: await stage.postgres.createDatabase(), max: 8 });
    const store = new PostgresRunStore(pool);
    let staleWon = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const runs = Array.from({ length: 6 }, shortLivedRun);
      await store.createRuns({ runs, owner: 'stale', leaseMs: 0 });
      const stale = runs.map((run) => new StoreWorker(run.id, 1, [run.first], 'stale'));
      const failures = stale.map(async (worker) => (await store.append([worker.end('failed')])).lost.size === 0);
      const successes = (async (): Promise<number> => {
        await store.sweep();
        const claimed = await StoreWorker.claimAll(store, 'current');
        const { lost } = await store.append(claimed.map((worker) => worker.end('success')));
        return claimed.length - lost.size;
      })();
      const won = (await Promise.all(failures)).filter(Boolean).length;
      staleWon += won;
      // What a claim skips because it is just being written is claimed by the next.
      let left = runs.length - won - (await successes);
      while (left > 0) {
        await store.sweep();
        const claimed = await StoreWorker.claimAll(store, 'current');
        left -= claimed.length - (await store.append(claimed.map((worker) => worker.end('success')))).lost.size;
      }
    }
    const { rows } = await pool.query<{ id: string; status: string }>('SELECT id, status FROM runs');
    const journals = await store.loadJournals(rows.map((row) => row.id));
    expect(rows).toHaveLength(ROUNDS * 6);
    for (const { id, status } of rows) {
      const journal = journals.get(id) ?? [];
      expect({ broken: findBrokenLink(journal), types: journal.map((entry) => entry.type) }).toEqual({
        broken: null,
        types: ['run.started', status === 'failed' ? 'run.failed' : 'run.completed'],
      });
    }
    expect(rows.filter((row) => row.status === 'failed')).toHaveLength(staleWon);
    await pool.end();
  });
});
