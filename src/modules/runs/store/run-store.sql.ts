import { PRIORITY_POINT_MS } from '../../../engine/index.js';

/**
 * Statements of the run store. Rules they share:
 * - `live_runs` is where leases are; every write by a worker goes through `fenced`, which locks the rows whose epoch still
 *   holds. Plain journal writes take KEY SHARE, which a heartbeat, a wake-up or a cancel (no-key updates) does not wait
 *   for, but a take-over (FOR UPDATE) does. Whatever ends a lease takes NO KEY UPDATE, so that it and an accepted cancel
 *   happen one after the other.
 * - The planner takes every array parameter for ten rows. So leases are looked up by key (`run_id = ANY($1)`), never joined
 *   to an array, which it would do by reading every lease there is; and `(x IN (SELECT …)) IS NOT FALSE` keeps it at a
 *   hashed subplan where a join would nest loops over thousands.
 * - `run_events` is partitioned by `run_id`. A plan that serves every value finds the partition of an id only when it is asked for
 *   one id at a time: by a join or LATERAL, never by `= ANY($1)`. The least and the greatest id asked for go along, which leaves
 *   out most partitions before they are looked at.
 * - Time is the database's.
 */

/**
 * Where a run stands in the line of claims: the moment it became claimable, moved back for each point of priority. An index
 * expression has to be immutable, hence the detour over UTC.
 */
export const place = (row = ''): string => `((${row}ready_at AT TIME ZONE 'UTC') - ${row}priority * interval '${PRIORITY_POINT_MS} ms')`;
const PLACE = place();

/** Of runs that are not over: those that count against the limit of their concurrency key. */
export const HOLDS_SLOT = `(state IN ('ready', 'spaced', 'leased') OR (state = 'waiting' AND started_at IS NOT NULL))`;

/**
 * Tells lines (`workflow_rates`) that runs came to wait in them. It locks the line: who takes from one locks it first and looks
 * at its runs after that, so either sees the runs or leaves a line that is told of them.
 */
const EXTEND_LINES = (spaced: string): string => `INSERT INTO workflow_rates AS r (workflow_id, tenant_id, next_at)
  SELECT DISTINCT workflow_id, tenant_id, now() FROM ${spaced} ORDER BY workflow_id
  ON CONFLICT (workflow_id) DO UPDATE SET next_at = coalesce(r.next_at, excluded.next_at)`;

/** A run of a paused workflow is not leased to its creator: it is left out and reported. Any other of its runs stops at the claim. */
const createRuns = (further = ''): string => `
WITH i AS (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::int4[], $8::int2[], $9::json[],
    $10::text[], $11::uuid[], $12::text[], $13::uuid[], $14::int2[], $15::text[], $16::int4[], $17::timestamptz[], $18::text[],
    $19::timestamptz[], $20::text[], $21::int4[], $22::int2[], $23::text[], $24::json[], $25::bytea[], $28::float8[], $29::int4[])
  AS i(id, tenant_id, kind, workflow_id, version_id, subject_name, subject_version, priority, tags, trigger, parent_run_id, parent_step,
    resumed_from, depth, concurrency_key, concurrency_limit, run_at, timeout_ms, created_at, state, seq, span, type, data, hash,
    rate_every_ms, rate_burst)
), paused AS MATERIALIZED (
  SELECT i.id FROM workflow_pauses p JOIN i ON i.workflow_id = p.workflow_id WHERE p.resumed_at IS NULL AND i.state = 'leased'
), new_runs AS (
  INSERT INTO runs (id, tenant_id, kind, workflow_id, version_id, subject_name, subject_version, priority, tags, trigger, parent_run_id,
    parent_step, resumed_from, depth, concurrency_key, run_at, timeout_ms, created_at)
  SELECT id, tenant_id, kind, workflow_id, version_id, subject_name, subject_version, priority,
    CASE WHEN tags IS NOT NULL THEN ARRAY(SELECT json_array_elements_text(tags)) END,
    trigger, parent_run_id, parent_step, resumed_from, depth, concurrency_key, run_at, timeout_ms::bigint, created_at
  FROM i WHERE (id IN (SELECT id FROM paused)) IS NOT TRUE
  ON CONFLICT DO NOTHING
  RETURNING id
), new_live AS (
  INSERT INTO live_runs (run_id, tenant_id, workflow_id, version_id, state, priority, ready_at, wake_at, owner, lease_until, epoch,
    started_at, concurrency_key, concurrency_limit, rate_every_ms, rate_burst)
  SELECT id, tenant_id, workflow_id, version_id, state, priority, coalesce(run_at, now()), run_at,
    CASE WHEN state = 'leased' THEN $26::text END,
    CASE WHEN state = 'leased' THEN now() + $27::int4 * interval '1 ms' END,
    CASE WHEN state = 'leased' THEN 1 ELSE 0 END,
    CASE WHEN state = 'leased' THEN created_at END,
    concurrency_key, concurrency_limit, rate_every_ms, rate_burst
  FROM i WHERE (id IN (SELECT id FROM new_runs)) IS NOT FALSE
), new_events AS (
  INSERT INTO run_events (run_id, seq, span, tenant_id, type, attempt, at, started_at, data, hash)
  SELECT id, seq, span, tenant_id, type, 0, created_at, CASE WHEN span = 2 THEN created_at END, data, hash
  FROM i WHERE (id IN (SELECT id FROM new_runs)) IS NOT FALSE
)${further}
SELECT id, (id IN (SELECT id FROM paused)) IS TRUE AS paused FROM i WHERE (id IN (SELECT id FROM new_runs)) IS NOT TRUE`;

export const CREATE_RUNS = createRuns();

/** The same for runs of which some have a rate. */
export const CREATE_SPACED_RUNS = createRuns(`, lines AS (
  ${EXTEND_LINES(`i WHERE state = 'spaced' AND (id IN (SELECT id FROM new_runs)) IS NOT FALSE`)}
)`);

export const FIND_EXISTING = `SELECT id FROM runs WHERE id = $1 OR (parent_run_id = $2 AND parent_step = $3) LIMIT 1`;

const ENTRY_COLUMNS = 'run_id, seq, span, tenant_id, type, step, attempt, at, started_at, data, hash';

const ENTRY_ARRAYS = (first: number): string => {
  const types = ['uuid', 'int4', 'int2', 'text', 'text', 'text', 'int2', 'timestamptz', 'timestamptz', 'json', 'bytea'];
  return types.map((type, index) => `$${first + index}::${type}[]`).join(', ');
};

const INSERT_ENTRIES = (first: number): string => `INSERT INTO run_events (${ENTRY_COLUMNS})
  SELECT ${ENTRY_COLUMNS} FROM unnest(${ENTRY_ARRAYS(first)}) AS e(${ENTRY_COLUMNS})
  WHERE (run_id IN (SELECT run_id FROM fenced)) IS NOT FALSE`;

/** Rows a new run begins with, in the transaction that creates it. */
export const INSERT_KEPT = `
INSERT INTO run_events (${ENTRY_COLUMNS})
SELECT ${ENTRY_COLUMNS} FROM unnest(${ENTRY_ARRAYS(1)}) AS e(${ENTRY_COLUMNS})`;

/** The hot one: rows of steps, no lease ends. */
export const APPEND_ENTRIES = `
WITH w AS (
  SELECT * FROM unnest($1::uuid[], $2::int4[]) AS w(run_id, epoch)
), held AS MATERIALIZED (
  SELECT run_id, epoch FROM live_runs WHERE run_id = ANY($1::uuid[]) AND state = 'leased' FOR KEY SHARE
), fenced AS MATERIALIZED (
  SELECT run_id FROM held WHERE ((run_id, epoch) IN (SELECT run_id, epoch FROM w)) IS NOT FALSE
), entries AS (
  ${INSERT_ENTRIES(3)}
)
SELECT run_id FROM w WHERE (run_id IN (SELECT run_id FROM fenced)) IS NOT TRUE`;

/** Codes of `w.kind`. */
export const TRANSITION = { none: 0, end: 1, park: 2, release: 3 } as const;

/**
 * Rows of steps, and leases that end with them. A run's end deletes its `live_runs` row, writes its terminal status and
 * wakes its parent in this one statement. A park and a wake-up of the same run may meet here: both go through `changes`,
 * because one statement can update a row only once.
 */
export const APPEND_AND_TRANSITION = `
WITH w AS (
  SELECT * FROM unnest($1::uuid[], $2::int4[], $3::int2[], $4::text[], $5::json[], $6::timestamptz[], $7::float8[], $8::int4[])
  AS w(run_id, epoch, kind, status, error, at, wake_in_ms, wakes)
), held AS MATERIALIZED (
  SELECT run_id, epoch, cancel_requested_at FROM live_runs WHERE run_id = ANY($1::uuid[]) AND state = 'leased' FOR NO KEY UPDATE
), fenced AS MATERIALIZED (
  SELECT run_id, kind, status, error, at, now() + wake_in_ms * interval '1 ms' AS wake_at, wakes FROM w
  WHERE ((run_id, epoch) IN (SELECT run_id, epoch FROM held)) IS NOT FALSE
    AND NOT (kind = 1 AND status <> 'cancelled' AND (run_id IN (SELECT run_id FROM held WHERE cancel_requested_at IS NOT NULL)) IS TRUE)
), entries AS (
  ${INSERT_ENTRIES(9)}
), ended AS (
  UPDATE runs r SET status = f.status, error = f.error, worker = l.owner, started_at = l.started_at, finished_at = f.at
  FROM fenced f JOIN live_runs l ON l.run_id = f.run_id WHERE f.kind = 1 AND r.id = f.run_id AND r.status IS NULL
  RETURNING r.id, r.parent_run_id
), gone AS (
  DELETE FROM live_runs l USING fenced f WHERE f.kind = 1 AND l.run_id = f.run_id
  RETURNING l.tenant_id, l.concurrency_key
), changes AS (
  SELECT run_id, max(kind) AS kind, max(wake_at) AS wake_at, max(wakes) AS wakes, sum(woken)::int4 AS woken FROM (
    SELECT run_id, kind, wake_at, wakes, 0 AS woken FROM fenced WHERE kind IN (2, 3)
    UNION ALL
    SELECT parent_run_id, 0::int2, NULL, NULL, 1 FROM ended
    WHERE parent_run_id IS NOT NULL AND (parent_run_id IN (SELECT run_id FROM fenced WHERE kind = 1)) IS NOT TRUE
  ) x GROUP BY run_id
), moved AS (
  UPDATE live_runs l SET
    wakes = l.wakes + c.woken,
    state = CASE
      WHEN c.kind = 3 THEN 'ready'
      WHEN c.kind = 2 AND l.wakes + c.woken > c.wakes THEN 'ready'
      WHEN c.kind = 2 THEN 'waiting'
      WHEN l.state = 'waiting' THEN 'ready'
      ELSE l.state END,
    ready_at = CASE WHEN c.kind IN (2, 3) OR l.state = 'waiting' THEN now() ELSE l.ready_at END,
    wake_at = CASE WHEN c.kind = 2 THEN c.wake_at ELSE l.wake_at END,
    owner = CASE WHEN c.kind IN (2, 3) THEN NULL ELSE l.owner END,
    lease_until = CASE WHEN c.kind IN (2, 3) THEN NULL ELSE l.lease_until END
  FROM changes c WHERE l.run_id = c.run_id
  RETURNING l.run_id, l.state, c.woken
)
SELECT 'unfenced' AS what, run_id, NULL AS tenant_id, NULL AS concurrency_key FROM w WHERE (run_id IN (SELECT run_id FROM fenced)) IS NOT TRUE
UNION ALL SELECT 'woken', run_id, NULL, NULL FROM moved WHERE woken > 0 OR state = 'ready'
UNION ALL SELECT 'freed', NULL, tenant_id, concurrency_key FROM gone WHERE concurrency_key IS NOT NULL`;

/** Of runs a transition did not fence: those still leased at that epoch, so it was a cancel that came first. */
export const STILL_LEASED = `
SELECT l.run_id FROM unnest($1::uuid[], $2::int4[]) AS w(run_id, epoch)
JOIN live_runs l ON l.run_id = w.run_id AND l.epoch = w.epoch AND l.state = 'leased'`;

export const FIND_COMMITTED = `
SELECT e.run_id FROM unnest($1::uuid[], $2::int4[], $3::bytea[]) AS w(run_id, seq, hash)
JOIN run_events e ON e.run_id = w.run_id AND e.seq = w.seq AND e.hash = w.hash
WHERE e.run_id BETWEEN $4 AND $5`;

const CLAIMED_COLUMNS = `
  c.run_id AS id, r.tenant_id, r.kind, r.workflow_id, r.version_id, r.subject_name, r.subject_version, r.depth, r.timeout_ms,
  r.parent_run_id, r.trigger, r.created_at, c.epoch, c.wakes, c.started_at, c.cancel_requested_at, c.cancel_reason`;

/** What stands first in its line and is not held back; lines of paused workflows wait with them. */
const DUE_LINES = `workflow_rates r WHERE r.next_at <= now()
  AND NOT EXISTS (SELECT FROM workflow_pauses p WHERE p.workflow_id = r.workflow_id AND p.resumed_at IS NULL)`;

/**
 * One statement: pick in index order (live_runs_ready_idx), skip what others are picking, lease. A run that would start though
 * its workflow is paused becomes `paused` instead, under a lock on the pause: a resume waits for it, and then finds the run.
 * The answer has at least one row, which tells how many were held back and whether starts of workflows with a rate are due.
 */
export const CLAIM_RUNS = `
WITH picked AS MATERIALIZED (
  SELECT run_id, CASE WHEN started_at IS NULL AND cancel_requested_at IS NULL THEN workflow_id END AS starts
  FROM live_runs WHERE state = 'ready' ORDER BY ${PLACE}, run_id LIMIT $1 FOR UPDATE SKIP LOCKED
), paused AS MATERIALIZED (
  SELECT workflow_id FROM workflow_pauses WHERE resumed_at IS NULL AND workflow_id IN (SELECT starts FROM picked) FOR SHARE
), held_back AS (
  UPDATE live_runs l SET state = 'paused'
  FROM picked p WHERE l.run_id = p.run_id AND p.starts IN (SELECT workflow_id FROM paused)
  RETURNING l.run_id
), claimed AS (
  UPDATE live_runs l SET state = 'leased', owner = $2, epoch = l.epoch + 1, lease_until = now() + $3::int4 * interval '1 ms',
    started_at = coalesce(l.started_at, now()), wake_at = NULL
  FROM picked p WHERE l.run_id = p.run_id AND (p.starts IN (SELECT workflow_id FROM paused)) IS NOT TRUE
  RETURNING l.*
)
SELECT ${CLAIMED_COLUMNS}, false AS spaced, n.held_back, n.due
FROM (SELECT (SELECT count(*)::int4 FROM held_back) AS held_back, EXISTS (SELECT FROM ${DUE_LINES}) AS due) n
LEFT JOIN (claimed c JOIN runs r ON r.id = c.run_id) ON true
ORDER BY ${place('c.')}, c.run_id`;

/** Lines to take starts from, for this transaction alone. */
export const LOCK_DUE_LINES = `SELECT r.workflow_id FROM ${DUE_LINES} ORDER BY r.next_at LIMIT $1 FOR UPDATE OF r SKIP LOCKED`;

/**
 * Leases the starts of locked lines that are due, in a statement of its own: its snapshot must not be older than the locks.
 * `tat` is when the next start would come if all were evenly spaced (the theoretical arrival time of the generic cell rate
 * algorithm); a start may come up to `burst - 1` intervals before it. Starts are timed here, so nothing that delays a claim can
 * bring two of them closer together.
 */
export const CLAIM_SPACED = `
WITH lines AS MATERIALIZED (
  SELECT workflow_id, greatest(tat, now()) AS tat FROM workflow_rates WHERE workflow_id = ANY($1::uuid[])
), first AS MATERIALIZED (
  SELECT f.* FROM lines CROSS JOIN LATERAL (
    SELECT run_id, workflow_id, ${PLACE} AS place, rate_every_ms, rate_burst, lines.tat FROM live_runs
    WHERE state = 'spaced' AND workflow_id = lines.workflow_id ORDER BY ${PLACE}, run_id LIMIT $4::int4 + 1 FOR UPDATE
  ) f
), timed AS (
  SELECT *, tat + (coalesce(sum(rate_every_ms) OVER before, 0) - (rate_burst - 1) * rate_every_ms) * interval '1 ms' AS may_start
  FROM first WINDOW before AS (PARTITION BY workflow_id ORDER BY place, run_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), judged AS MATERIALIZED (
  SELECT *, bool_and(may_start <= now()) OVER (PARTITION BY workflow_id ORDER BY place, run_id) AS starts FROM timed
), taken AS MATERIALIZED (
  SELECT run_id, workflow_id, rate_every_ms FROM judged WHERE starts ORDER BY place, run_id LIMIT $4
), claimed AS (
  UPDATE live_runs l SET state = 'leased', owner = $2, epoch = l.epoch + 1, lease_until = now() + $3::int4 * interval '1 ms',
    started_at = now(), wake_at = NULL
  FROM taken t WHERE l.run_id = t.run_id
  RETURNING l.*
), moved AS (
  UPDATE workflow_rates r SET
    tat = l.tat + (SELECT coalesce(sum(rate_every_ms), 0) FROM taken t WHERE t.workflow_id = l.workflow_id) * interval '1 ms',
    next_at = (SELECT min(may_start) FROM judged j WHERE j.workflow_id = l.workflow_id AND (j.run_id IN (SELECT run_id FROM taken)) IS NOT TRUE)
  FROM lines l WHERE r.workflow_id = l.workflow_id
)
SELECT ${CLAIMED_COLUMNS}, true AS spaced FROM claimed c JOIN runs r ON r.id = c.run_id
ORDER BY ${place('c.')}, c.run_id`;

export const CLAIM_RUN = `
WITH picked AS MATERIALIZED (
  SELECT run_id FROM live_runs WHERE run_id = $1 AND (state <> 'leased' OR lease_until < now()) FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE live_runs l SET state = 'leased', owner = $2, epoch = l.epoch + 1, lease_until = now() + $3::int4 * interval '1 ms', wake_at = NULL
  FROM picked p WHERE l.run_id = p.run_id
  RETURNING l.*
)
SELECT ${CLAIMED_COLUMNS}, false AS spaced FROM claimed c JOIN runs r ON r.id = c.run_id`;

export const LOAD_JOURNALS = `
SELECT e.run_id, e.seq, e.span, e.type, e.step, e.attempt, e.at, e.started_at, e.data::text AS data, e.hash
FROM unnest($1::uuid[]) AS w(run_id)
CROSS JOIN LATERAL (SELECT * FROM run_events WHERE run_id = w.run_id AND run_id BETWEEN $2 AND $3 OFFSET 0) AS e
ORDER BY e.run_id, e.seq`;

export const HEARTBEAT = `
UPDATE live_runs l SET lease_until = now() + $4::int4 * interval '1 ms'
WHERE l.run_id = ANY($1::uuid[]) AND l.state = 'leased' AND l.owner = $3
  AND ((l.run_id, l.epoch) IN (SELECT * FROM unnest($1::uuid[], $2::int4[]))) IS NOT FALSE
RETURNING l.run_id, l.wakes, l.cancel_requested_at IS NOT NULL AS cancelled, l.cancel_reason`;

const MARK_CANCELLED = `
UPDATE live_runs SET
  cancel_requested_at = coalesce(cancel_requested_at, now()),
  cancel_reason = CASE WHEN cancel_requested_at IS NULL THEN $3 ELSE cancel_reason END,
  wakes = wakes + 1,
  ready_at = CASE WHEN state IN ('waiting', 'queued', 'spaced', 'paused') THEN now() ELSE ready_at END,
  state = CASE WHEN state = 'leased' THEN state ELSE 'ready' END`;

/** Runs that make room for a new one of their key, in its transaction: a newcomer whose process dies does not wait for them. */
export const REQUEST_CANCELS = `${MARK_CANCELLED} WHERE run_id = ANY($1::uuid[]) AND tenant_id = $2`;

export const REQUEST_CANCEL = `${MARK_CANCELLED} WHERE run_id = $1 AND tenant_id = $2
RETURNING CASE WHEN state = 'leased' AND lease_until >= now() THEN owner END AS owner`;

export const FINAL_STATUS = `SELECT status FROM runs WHERE id = $1 AND tenant_id = $2`;

export const SEND_SIGNAL = `
WITH woken AS (
  UPDATE live_runs SET wakes = wakes + 1,
    ready_at = CASE WHEN state = 'waiting' AND started_at IS NOT NULL THEN now() ELSE ready_at END,
    state = CASE WHEN state = 'waiting' AND started_at IS NOT NULL THEN 'ready' ELSE state END
  WHERE run_id = $1 AND tenant_id = $2
  RETURNING run_id, tenant_id
)
INSERT INTO run_signals (run_id, tenant_id, name, payload) SELECT run_id, tenant_id, $3, $4::json FROM woken RETURNING id`;

export const LOAD_ATTENTION = `
SELECT wakes, cancel_requested_at IS NOT NULL AS cancelled, cancel_reason FROM live_runs WHERE run_id = $1`;

export const LOAD_CHILDREN = `
SELECT r.id, r.status, r.error, e.data::text AS data
FROM runs r LEFT JOIN LATERAL (
  SELECT data FROM run_events WHERE run_id = r.id AND run_id BETWEEN $2 AND $3 AND type = 'run.completed' ORDER BY seq DESC LIMIT 1
) e ON r.status = 'success'
WHERE r.id = ANY($1::uuid[]) AND r.status IS NOT NULL`;

export const LOAD_SIGNALS = `SELECT id, name, payload FROM run_signals WHERE run_id = $1 ORDER BY id`;

/** Due timers. A run that has not started yet still has to get its key's slot, then its turn by the workflow's rate. */
export const READY_DUE_TIMERS = `
WITH readied AS (
  UPDATE live_runs SET ready_at = now(), wake_at = NULL,
    state = CASE
      WHEN started_at IS NOT NULL THEN 'ready'
      WHEN concurrency_key IS NOT NULL THEN 'queued'
      WHEN rate_every_ms IS NOT NULL THEN 'spaced'
      ELSE 'ready' END
  WHERE run_id IN (
    SELECT run_id FROM live_runs WHERE state = 'waiting' AND wake_at <= now() ORDER BY wake_at LIMIT 1000 FOR UPDATE SKIP LOCKED
  )
  RETURNING workflow_id, tenant_id, state
), lines AS (
  ${EXTEND_LINES(`readied WHERE state = 'spaced'`)}
)
SELECT state FROM readied`;

export const READY_EXPIRED_LEASES = `
UPDATE live_runs SET state = 'ready', ready_at = now(), owner = NULL, lease_until = NULL
WHERE run_id IN (
  SELECT run_id FROM live_runs WHERE state = 'leased' AND lease_until < now() LIMIT 1000 FOR UPDATE SKIP LOCKED
)`;

/** Milliseconds until the next timer or spaced start. A duration, so that the clocks of database and process need not agree. */
export const NEXT_WAKE = `
SELECT (extract(epoch FROM least(
  (SELECT min(wake_at) FROM live_runs WHERE state = 'waiting' AND wake_at IS NOT NULL),
  (SELECT min(next_at) FROM workflow_rates WHERE next_at > now())
) - now()) * 1000)::float8 AS in_ms, EXISTS (SELECT FROM ${DUE_LINES}) AS due`;

/** Who was first to pause it stays named. A pause that is being lifted is one again. */
export const PAUSE_WORKFLOW = `
INSERT INTO workflow_pauses AS p (workflow_id, tenant_id, paused_at, paused_by, reason) VALUES ($1, $2, now(), $3, $4)
ON CONFLICT (workflow_id) DO UPDATE SET paused_at = excluded.paused_at, paused_by = excluded.paused_by, reason = excluded.reason, resumed_at = NULL
WHERE p.resumed_at IS NOT NULL`;

/** Waits for claims that are holding back runs of it. Once this is committed no run can become `paused` any more. */
export const RESUME_WORKFLOW = `
UPDATE workflow_pauses SET resumed_at = now() WHERE workflow_id = $1 AND tenant_id = $2 AND resumed_at IS NULL`;

/** Lets go, a thousand at a time, what resumed workflows held back: in the order of its creation. */
export const RELEASE_RESUMED = `
UPDATE live_runs SET ready_at = now(), state = CASE WHEN concurrency_key IS NULL THEN 'ready' ELSE 'queued' END
WHERE run_id IN (
  SELECT h.run_id FROM workflow_pauses p CROSS JOIN LATERAL (
    SELECT run_id FROM live_runs WHERE state = 'paused' AND workflow_id = p.workflow_id ORDER BY run_id LIMIT 1000 FOR UPDATE SKIP LOCKED
  ) h WHERE p.resumed_at IS NOT NULL
)`;

/** Forgets pauses that are over and hold back nothing. */
export const FORGET_PAUSES = `
DELETE FROM workflow_pauses p WHERE p.resumed_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM live_runs WHERE state = 'paused' AND workflow_id = p.workflow_id)`;

/** Keys with queued runs and a free slot. */
export const KEYS_WITH_ROOM = `
SELECT tenant_id, concurrency_key FROM live_runs
WHERE concurrency_key IS NOT NULL
GROUP BY tenant_id, concurrency_key
HAVING count(*) FILTER (WHERE state = 'queued') > 0
  AND count(*) FILTER (WHERE ${HOLDS_SLOT})
    < max(concurrency_limit) FILTER (WHERE state = 'queued')
LIMIT 100`;

/** Serialises all decisions about one key until the transaction ends. */
export const LOCK_KEY = `SELECT pg_advisory_xact_lock(hashtextextended($1 || E'\\x1f' || $2, 7405))`;

/**
 * Who holds a slot of the key, and who is in line (idle); a run whose time has not come is neither. A run that is being
 * cancelled keeps its slot until it is over: what it does may take a while to stop.
 */
export const KEY_RUNS = `
SELECT run_id, state IN ('queued', 'paused') AS idle, cancel_requested_at IS NOT NULL AS cancelling
FROM live_runs WHERE tenant_id = $1 AND concurrency_key = $2 AND NOT (state = 'waiting' AND started_at IS NULL) ORDER BY run_id`;

/** Gives free slots to the queued runs that are first in line. Runs under the key's lock. */
export const PROMOTE_QUEUED = `
WITH holders AS (
  SELECT count(*) AS held FROM live_runs
  WHERE tenant_id = $1 AND concurrency_key = $2 AND ${HOLDS_SLOT}
), queued AS (
  SELECT run_id, row_number() OVER (ORDER BY ${PLACE}, run_id) AS place, concurrency_limit
  FROM live_runs WHERE tenant_id = $1 AND concurrency_key = $2 AND state = 'queued'
), promoted AS (
  UPDATE live_runs l SET state = CASE WHEN l.rate_every_ms IS NULL THEN 'ready' ELSE 'spaced' END, ready_at = now()
  FROM queued q, holders h
  WHERE l.run_id = q.run_id AND h.held + q.place <= q.concurrency_limit
  RETURNING l.run_id, l.workflow_id, l.tenant_id, l.state
), lines AS (
  ${EXTEND_LINES(`promoted WHERE state = 'spaced'`)}
)
SELECT run_id FROM promoted`;
