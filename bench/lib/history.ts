import pg from 'pg';
import { JournalPartitions } from '../../src/modules/runs/partitions/journal-partitions.js';
import { query } from './postgres.js';

const DAYS = 60;
const DAY_MS = 24 * 60 * 60 * 1000;
const RUNS_AT_A_TIME = 100_000;

/**
 * Fills a database with runs that are over: spread over 60 days and three workflows, 90 % successful, 8 % failed, 2 % cancelled, with
 * four journal rows each (the beginning, two steps, the end). Written by SQL, as no load could in a reasonable time.
 */
export async function writeHistory(url: string, runs: number): Promise<void> {
  const now = Date.now();
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const partitions = new JournalPartitions(pool, 7);
  for (let days = DAYS; days >= 0; days -= 7) await partitions.ensure(now - days * DAY_MS);
  await pool.end();
  for (let first = 0; first < runs; first += RUNS_AT_A_TIME) {
    const count = Math.min(RUNS_AT_A_TIME, runs - first);
    await query(url, WRITE, [now - DAYS * DAY_MS, (DAYS * DAY_MS - 60_000) / runs, first, first + count - 1]);
  }
  await query(url, 'VACUUM ANALYZE');
}

const WRITE = `
WITH subject AS MATERIALIZED (
  SELECT w.id AS workflow_id, v.id AS version_id, w.namespace || '/' || w.name AS name, row_number() OVER (ORDER BY w.name) AS nth
  FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = w.latest_version WHERE w.name IN ('steps-1', 'steps-3', 'steps-10')
), made AS MATERIALIZED (
  SELECT (lpad(to_hex(at::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' || substr(md5(n::text), 1, 15))::uuid AS id,
         to_timestamp(at / 1000) AS at, CASE WHEN n % 20 = 0 THEN 1 WHEN n % 4 = 1 THEN 2 ELSE 3 END AS nth,
         CASE WHEN n % 50 = 7 THEN 'cancelled' WHEN n % 25 IN (3, 11) THEN 'failed' ELSE 'success' END AS status
  FROM (SELECT n, $1::float8 + n * $2::float8 AS at FROM generate_series($3::int, $4::int) AS n) AS time
), new_runs AS (
  INSERT INTO runs (id, tenant_id, kind, workflow_id, version_id, subject_name, subject_version, status, trigger, error, worker, created_at, started_at, finished_at)
  SELECT m.id, 'default', 'workflow', s.workflow_id, s.version_id, s.name, 1, m.status, 'api',
         CASE WHEN m.status = 'failed' THEN '{"code": "failed", "message": "it was not to be"}'::json END,
         'bench:1:00000000', m.at, m.at, m.at + interval '120 ms'
  FROM made m JOIN subject s ON s.nth = m.nth
)
INSERT INTO run_events (run_id, seq, span, tenant_id, type, step, attempt, at, started_at, data, hash)
SELECT m.id, r.seq, CASE WHEN r.seq < 7 THEN 2 ELSE 1 END, 'default',
       CASE WHEN r.seq < 7 THEN r.type ELSE CASE m.status WHEN 'success' THEN 'run.completed' WHEN 'failed' THEN 'run.failed' ELSE 'run.cancelled' END END,
       r.step, CASE WHEN r.step IS NULL THEN 0 ELSE 1 END, m.at + r.seq * interval '10 ms', m.at, r.data::json, decode(md5(m.id::text) || md5(r.seq::text), 'hex')
FROM made m CROSS JOIN (VALUES
  (2, 'run.started', NULL, '{"inputs":{"customer":"c-1029384756","items":[1,2,3],"note":"as ordered"}}'),
  (4, 'step.completed', 's1', '{"output":{"status":200,"body":{"total":129.5,"currency":"EUR"}}}'),
  (6, 'step.completed', 's2', '{"output":{"sent":true,"message_id":"0123456789abcdef0123456789abcdef"}}'),
  (7, NULL, NULL, '{"outputs":{"done":true}}')) AS r (seq, type, step, data)`;
