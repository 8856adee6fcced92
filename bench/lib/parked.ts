import type { HeddleServer } from './heddle-server.js';
import { query } from './postgres.js';

const SIGNALLED = 'bench/signalled';
const DELAYED = 'bench/delayed';
const RUNS_AT_A_TIME = 20_000;

const DEFINITIONS = [
  { name: SIGNALLED, nodes: [{ id: 'wait', type: 'control.wait', config: { name: 'go' } }] },
  { name: DELAYED, nodes: [{ id: 'wait', type: 'time.delay', config: { delay_ms: 30 * 24 * 60 * 60 * 1000 } }] },
];

/**
 * Parks one run that waits for a signal and one that waits for a month, and writes copies of them until there are `count`, journals
 * and all. Answers the ids of those that wait for the signal `go`.
 */
export async function parkRuns(url: string, server: HeddleServer, count: number): Promise<string[]> {
  for (const definition of DEFINITIONS) {
    await post(server, '/workflows', definition);
    await post(server, `/workflows/${encodeURIComponent(definition.name)}/runs`, {});
  }
  const parked = async (): Promise<{ run_id: string }[]> =>
    query(url, "SELECT run_id FROM live_runs WHERE state = 'waiting' ORDER BY run_id");
  while ((await parked()).length < DEFINITIONS.length) await new Promise((resolve) => setTimeout(resolve, 50));
  for (const { run_id } of await parked()) {
    for (let made = 1; made < count / 2; made += RUNS_AT_A_TIME) {
      await query(url, COPY, [run_id, made, Math.min(made + RUNS_AT_A_TIME, Math.round(count / 2)) - 1]);
    }
  }
  await query(url, 'VACUUM ANALYZE');
  const rows = await query<{ id: string }>(
    url,
    'SELECT r.id FROM runs r JOIN live_runs l ON l.run_id = r.id WHERE r.subject_name = $1 ORDER BY r.id',
    [SIGNALLED],
  );
  return rows.map(({ id }) => id);
}

const COPY = `
WITH ids AS MATERIALIZED (
  SELECT n, (substr(replace($1::uuid::text, '-', ''), 1, 12) || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' || substr(md5($1::uuid::text || n::text), 1, 15))::uuid AS id
  FROM generate_series($2::int, $3::int) AS n
), runs_made AS (
  INSERT INTO runs (id, tenant_id, kind, workflow_id, version_id, subject_name, subject_version, trigger, created_at)
  SELECT i.id, r.tenant_id, r.kind, r.workflow_id, r.version_id, r.subject_name, r.subject_version, r.trigger, r.created_at
  FROM runs r CROSS JOIN ids i WHERE r.id = $1
), live_made AS (
  INSERT INTO live_runs (run_id, tenant_id, workflow_id, version_id, state, ready_at, wake_at, epoch, started_at)
  SELECT i.id, l.tenant_id, l.workflow_id, l.version_id, l.state, l.ready_at, l.wake_at + i.n * interval '1 s', l.epoch, l.started_at
  FROM live_runs l CROSS JOIN ids i WHERE l.run_id = $1
)
INSERT INTO run_events (run_id, seq, span, tenant_id, type, step, attempt, at, started_at, data, hash)
SELECT i.id, e.seq, e.span, e.tenant_id, e.type, e.step, e.attempt, e.at, e.started_at, e.data, e.hash
FROM run_events e CROSS JOIN ids i WHERE e.run_id = $1`;

/** Posts and answers how it went; throws unless it went well. */
export async function post(server: HeddleServer, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${server.url}/api/v1${path}`, { method: 'POST', headers: server.headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
