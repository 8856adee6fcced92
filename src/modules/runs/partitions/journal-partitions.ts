import type { Pool, PoolClient } from 'pg';
import { ADVISORY_LOCK, SQLSTATE, sqlstateOf } from '../../../platform/database/index.js';
import { firstIdOf, missingRanges, timeOfId, type TimeRange } from './partition-ranges.js';

/** Rows whose ids no other partition takes; meant to be empty. */
const DEFAULT_PARTITION = 'run_events_default';

/** How far ahead of the time partitions are made. Until then there may be nobody who makes them. */
const AHEAD_MS = 3 * 24 * 60 * 60 * 1000;

/**
 * Who waits for a lock on a table stands before everybody who comes after. Writes of the engine are stalled no longer than this;
 * what is not got in time is tried again later.
 */
const LOCK_TIMEOUT = '300ms';

/** A partition of the journal: rows of the runs whose ids, which are time, lie in its range. */
export interface JournalPartition extends TimeRange {
  readonly name: string;
  /** Table, indexes and long values. */
  readonly bytes: number;
}

interface PartitionRow {
  readonly name: string;
  readonly bytes: string;
  readonly bound: string;
}

/** The partitions of `run_events`. Each change is one short transaction; any number of processes may try. */
export class JournalPartitions {
  constructor(
    private readonly pool: Pool,
    /** Width of new partitions, in days. */
    private readonly days: number,
  ) {}

  /** Oldest first, without the default one. */
  async list(): Promise<JournalPartition[]> {
    const { rows } = await this.pool.query<PartitionRow>(
      `SELECT c.relname AS name, pg_total_relation_size(c.oid)::text AS bytes, pg_get_expr(c.relpartbound, c.oid) AS bound
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'run_events'::regclass`,
    );
    const partitions = rows.flatMap((row) => {
      const range = rangeOf(row.bound);
      return range === null ? [] : [{ name: row.name, bytes: Number(row.bytes), ...range }];
    });
    return partitions.toSorted((a, b) => a.from - b.from);
  }

  /** Rows in the default partition, counted up to a thousand. */
  async strays(): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM (SELECT FROM ${DEFAULT_PARTITION} LIMIT 1000) AS found`,
    );
    return rows[0]?.count ?? 0;
  }

  /** Makes the partitions of now and of the next days that are missing. Answers their names. */
  async ensure(now = Date.now()): Promise<string[]> {
    const made: string[] = [];
    for (const range of missingRanges(await this.list(), { from: now, to: now + AHEAD_MS }, this.days)) {
      const name = await this.exclusively((client) => this.create(client, range));
      if (name !== null) made.push(name);
    }
    return made;
  }

  /**
   * Drops a partition if no run has an id in its range: the runs go first, and their rows here with the partition. Answers
   * whether it is gone.
   *
   * A run is created in one statement with its first row here. Whoever is at it holds a lock on the partition that is waited
   * for, and its run is seen; whoever comes later finds no partition, and the rows go to the default one. A lock that is not
   * got in time means another try later.
   */
  async drop(partition: JournalPartition): Promise<boolean> {
    if (await this.holdsRuns(this.pool, partition)) return false;
    try {
      const dropped = await this.exclusively(async (client) => {
        // The parent first, as writers do; dropping a partition needs it in any case.
        await client.query('LOCK TABLE ONLY run_events IN ACCESS EXCLUSIVE MODE');
        await client.query(`LOCK TABLE ${quoted(partition.name)} IN ACCESS EXCLUSIVE MODE`);
        if (await this.holdsRuns(client, partition)) return false;
        await client.query(`DROP TABLE ${quoted(partition.name)}`);
        return true;
      });
      return dropped === true;
    } catch (error) {
      const state = sqlstateOf(error);
      if (state === SQLSTATE.lockNotAvailable || state === SQLSTATE.undefinedTable) return false;
      throw error;
    }
  }

  private async holdsRuns(database: Pool | PoolClient, { from, to }: TimeRange): Promise<boolean> {
    const { rows } = await database.query<{ used: boolean }>('SELECT EXISTS (SELECT FROM runs WHERE id >= $1 AND id < $2) AS used', [
      firstIdOf(from),
      firstIdOf(to),
    ]);
    return rows[0]?.used !== false;
  }

  /**
   * Rows of the range that found no partition are moved to it: with them in the default one it could not be attached.
   *
   * The parent is locked first: a statement that has chosen its partitions and then waits for the default one would not find
   * rows that move meanwhile, and could not write any.
   */
  private async create(client: PoolClient, range: TimeRange): Promise<string | null> {
    const name = `run_events_${new Date(range.from).toISOString().slice(0, 10).replaceAll('-', '')}`;
    const bounds = [firstIdOf(range.from), firstIdOf(range.to)];
    const { rows } = await client.query<{ known: boolean }>('SELECT to_regclass($1) IS NOT NULL AS known', [name]);
    if (rows[0]?.known === true) return null;
    await client.query('LOCK TABLE ONLY run_events IN ACCESS EXCLUSIVE MODE');
    await client.query(`CREATE TABLE ${quoted(name)} (LIKE run_events INCLUDING DEFAULTS INCLUDING STORAGE)`);
    await client.query(`LOCK TABLE ${DEFAULT_PARTITION} IN ACCESS EXCLUSIVE MODE`);
    await client.query(
      `WITH moved AS (DELETE FROM ${DEFAULT_PARTITION} WHERE run_id >= $1 AND run_id < $2 RETURNING *)
       INSERT INTO ${quoted(name)} SELECT * FROM moved`,
      bounds,
    );
    await client.query(`ALTER TABLE run_events ATTACH PARTITION ${quoted(name)} FOR VALUES FROM ('${bounds[0]}') TO ('${bounds[1]}')`);
    return name;
  }

  /** In a transaction of whoever is the only one to change partitions now; null when that is somebody else. */
  private async exclusively<T>(work: (client: PoolClient) => Promise<T>): Promise<T | null> {
    const client = await this.pool.connect();
    let failed = false;
    try {
      await client.query('BEGIN');
      await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
      const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS got', [
        ADVISORY_LOCK.journalPartitions,
      ]);
      const result = rows[0]?.got === true ? await work(client) : null;
      await client.query('COMMIT');
      return result;
    } catch (error) {
      failed = true;
      await client.query('ROLLBACK').then(
        () => (failed = false),
        () => undefined,
      );
      throw error;
    } finally {
      client.release(failed);
    }
  }
}

/** Reads `FOR VALUES FROM ('…') TO ('…')`; null for the default partition. */
function rangeOf(bound: string): TimeRange | null {
  const [, from, to] = /^FOR VALUES FROM \((.+)\) TO \((.+)\)$/.exec(bound) ?? [];
  if (from === undefined || to === undefined) return null;
  return {
    from: from === 'MINVALUE' ? Number.NEGATIVE_INFINITY : timeOfId(from.slice(1)),
    to: to === 'MAXVALUE' ? Number.POSITIVE_INFINITY : timeOfId(to.slice(1)),
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
