import { afterAll, beforeAll, expect, it } from 'vitest';
import { Stage } from '../support/stage.js';
import type { TestServer } from '../support/index.js';
import { eventually, type RunBody, storeWorkflow } from '../support/runs.js';

/** `npm run bench:waiting` does the same with 100,000. */
const PARKED = 3_000;

interface Status {
  readonly process: { readonly runs: number };
  readonly runs: { readonly waiting: number };
}

let stage: Stage;
let server: TestServer;

beforeAll(async () => {
  stage = await Stage.start({ env: { HEDDLE_PARK_AFTER_MS: '20', HEDDLE_LEASE_MS: '1000' } });
  server = await stage.node();
}, 120_000);
afterAll(() => stage?.stop());

const status = async (): Promise<Status> => (await server.api.get<Status>('/system/status')).body;
const connections = async (): Promise<number> => {
  const [row] = await stage.records.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'heddle %'`,
  );
  return row?.count ?? 0;
};

/** Copies of a parked run, journal and all: as many submissions would say no more and take minutes. */
async function copy(run: string, count: number): Promise<void> {
  await stage.records.query(
    `WITH ids AS MATERIALIZED (
       SELECT (substr(replace($1::uuid::text, '-', ''), 1, 12) || '7' || lpad(to_hex(n), 3, '0') || '8' || substr(md5(n::text), 1, 15))::uuid AS id
       FROM generate_series(1, $2::int) AS n
     ), runs_made AS (
       INSERT INTO runs (id, tenant_id, kind, workflow_id, version_id, subject_name, subject_version, trigger, created_at)
       SELECT i.id, r.tenant_id, r.kind, r.workflow_id, r.version_id, r.subject_name, r.subject_version, r.trigger, r.created_at
       FROM runs r CROSS JOIN ids i WHERE r.id = $1
     ), live_made AS (
       INSERT INTO live_runs (run_id, tenant_id, workflow_id, version_id, state, ready_at, wake_at, epoch, started_at)
       SELECT i.id, l.tenant_id, l.workflow_id, l.version_id, l.state, l.ready_at, l.wake_at, l.epoch, l.started_at
       FROM live_runs l CROSS JOIN ids i WHERE l.run_id = $1)
     INSERT INTO run_events (run_id, seq, span, tenant_id, type, step, attempt, at, started_at, data, hash)
     SELECT i.id, e.seq, e.span, e.tenant_id, e.type, e.step, e.attempt, e.at, e.started_at, e.data, e.hash
     FROM run_events e CROSS JOIN ids i WHERE e.run_id = $1`,
    [run, count],
  );
}

async function park(workflow: string): Promise<string> {
  const { body } = await server.api.post<RunBody>(`/workflows/${encodeURIComponent(workflow)}/runs`, {});
  await eventually(
    () => stage.records.run(body.id),
    ({ state }) => state === 'waiting',
  );
  return body.id;
}

it(
  'thousands of waiting runs hold no memory, no lease and no connection, survive a kill, and still wake',
  { timeout: 180_000 },
  async () => {
    await storeWorkflow(server.api, { name: 'parked/signal', nodes: [{ id: 'wait', type: 'control.wait', config: { name: 'go' } }] });
    await storeWorkflow(server.api, {
      name: 'parked/delay',
      nodes: [{ id: 'wait', type: 'time.delay', config: { delay_ms: 86_400_000 } }],
    });
    const first = await park('parked/signal');
    await copy(first, PARKED - 1);
    await copy(await park('parked/delay'), PARKED - 1);

    await server.restart();
    const told = await eventually(status, ({ runs }) => runs.waiting === 2 * PARKED, 60_000);
    expect(told.process.runs).toBe(0);
    expect(
      await stage.records.query(
        "SELECT state, owner FROM live_runs WHERE state <> 'waiting' OR owner IS NOT NULL OR lease_until IS NOT NULL",
      ),
    ).toEqual([]);
    // Pools and the listener; as many as without a single run.
    expect(await connections()).toBeLessThanOrEqual(20);
    const loaded = await stage.records.query('SELECT run_id FROM live_runs WHERE epoch > 1 LIMIT 1');
    expect(loaded).toEqual([]);

    const runs = await stage.records.query<{ run_id: string }>(
      `SELECT l.run_id FROM live_runs l JOIN runs r ON r.id = l.run_id WHERE r.subject_name = 'parked/signal' ORDER BY l.run_id LIMIT 50`,
    );
    const woken = runs.map(({ run_id }) => run_id);
    for (const run of woken) expect((await server.api.post(`/runs/${run}/signals/go`, {})).status).toBe(202);
    const ended = await stage.records.ended(60_000, woken);
    expect(ended.map((run) => run.status)).toEqual(woken.map(() => 'success'));
    await stage.records.query(
      `UPDATE live_runs SET wake_at = now() WHERE run_id IN (
       SELECT l.run_id FROM live_runs l JOIN runs r ON r.id = l.run_id WHERE r.subject_name = 'parked/delay' ORDER BY l.run_id LIMIT 1)`,
    );
    await eventually(
      () => stage.records.query('SELECT run_id FROM live_runs WHERE epoch > 1'),
      (rows) => rows.length === 1,
      30_000,
    );
    expect(await eventually(status, ({ process }) => process.runs === 0, 30_000)).toMatchObject({
      runs: { waiting: 2 * PARKED - woken.length },
    });
  },
);
