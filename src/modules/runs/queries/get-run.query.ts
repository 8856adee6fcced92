import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { type Json, type JsonObject, outputRefOf } from '../../../engine/index.js';
import { OutputReader } from './output-reader.js';
import type { RunRow } from './run-row.js';
import { IS_RUN_RETRY_SQL, isNodePathSql, OPEN_PATHS_SQL, SETTLING_SQL } from './step-rows.js';

/** The first and the last row of a run's journal. */
interface Payloads {
  readonly first: JsonObject | null;
  readonly last: JsonObject | null;
}

/** A run with the payloads that its journal holds. */
export interface RunWithPayloads extends RunRow {
  readonly inputs: JsonObject | null;
  readonly outputs: Json;
}

export interface RunSteps {
  /** Nodes that are settled; items of a fan-out and steps inside a node do not count. */
  readonly completed: number;
  /** Open paths in the order they began, the first of them. */
  readonly open: string[];
}

/** Where a run began anew because of `on_error: retry_run`. */
export interface RunRestart {
  readonly attempt: number;
  readonly seq: number;
}

const MAX_OPEN_PATHS = 100;

@Injectable()
export class GetRunQuery {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly outputs: OutputReader,
  ) {}

  async overview(tenant: string, runId: string): Promise<RunRow | null> {
    const [row] = await this.dataSource.query<RunRow[]>('SELECT * FROM run_overview WHERE id = $1 AND tenant_id = $2', [runId, tenant]);
    return row ?? null;
  }

  /** Inputs are in the journal's first row, outputs in its last. */
  async withPayloads(tenant: string, runId: string): Promise<RunWithPayloads | null> {
    // The journal is asked for the id itself, so that one partition is planned for and not all.
    // Members are picked here, not there: Postgres has no operator that gets past a NUL or half a surrogate pair in the document.
    const [row] = await this.dataSource.query<(RunRow & Payloads)[]>(
      `SELECT o.*, first.data AS first, last.data AS last
       FROM run_overview o
       LEFT JOIN LATERAL (SELECT data FROM run_events WHERE run_id = $1 ORDER BY seq LIMIT 1) AS first ON true
       LEFT JOIN LATERAL (SELECT data FROM run_events WHERE run_id = $1 AND o.status = 'success' ORDER BY seq DESC LIMIT 1) AS last ON true
       WHERE o.id = $1 AND o.tenant_id = $2`,
      [runId, tenant],
    );
    if (row === undefined) return null;
    const { first, last, ...run } = row;
    const ref = last === null ? null : outputRefOf(last);
    const outputs = ref === null ? (last?.['outputs'] ?? null) : await this.outputs.load(tenant, ref);
    return { ...run, inputs: (first?.['inputs'] as JsonObject | undefined) ?? null, outputs };
  }

  async steps(tenant: string, runId: string, restart: RunRestart): Promise<RunSteps> {
    const [row] = await this.dataSource.query<RunSteps[]>(
      `SELECT
         (SELECT count(*)::int FROM run_events
          WHERE run_id = $1 AND tenant_id = $2 AND type IN (${SETTLING_SQL}) AND ${isNodePathSql('step')}
            AND (seq > $3 OR type = 'step.completed')) AS completed,
         (SELECT coalesce((array_agg(step ORDER BY first))[1:${MAX_OPEN_PATHS}], '{}') FROM (${OPEN_PATHS_SQL}) AS paths) AS open`,
      [runId, tenant, restart.seq],
    );
    return row ?? { completed: 0, open: [] };
  }

  /** The run's last restart. Only worth asking when the definition allows restarts at all. */
  async lastRestart(tenant: string, runId: string): Promise<RunRestart> {
    const [row] = await this.dataSource.query<RunRestart[]>(
      `SELECT seq, (data ->> 'attempt')::int AS attempt FROM run_events
       WHERE run_id = $1 AND tenant_id = $2 AND type = 'run.resumed' AND ${IS_RUN_RETRY_SQL} ORDER BY seq DESC LIMIT 1`,
      [runId, tenant],
    );
    return row ?? NEVER_RESTARTED;
  }
}

export const NEVER_RESTARTED: RunRestart = { attempt: 1, seq: 0 };
