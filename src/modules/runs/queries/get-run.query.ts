import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { Json, JsonObject } from '../../../engine/index.js';
import type { RunRow } from './run-row.js';
import { isNodePathSql, OPEN_PATHS_SQL, SETTLING_SQL } from './step-rows.js';

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
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async overview(tenant: string, runId: string): Promise<RunRow | null> {
    const [row] = await this.dataSource.query<RunRow[]>('SELECT * FROM run_overview WHERE id = $1 AND tenant_id = $2', [runId, tenant]);
    return row ?? null;
  }

  /** Inputs are in the journal's first row, outputs in its last. */
  async withPayloads(tenant: string, runId: string): Promise<RunWithPayloads | null> {
    const [row] = await this.dataSource.query<RunWithPayloads[]>(
      `SELECT o.*, first.data -> 'inputs' AS inputs, last.data -> 'outputs' AS outputs
       FROM run_overview o
       LEFT JOIN LATERAL (SELECT data FROM run_events WHERE run_id = o.id ORDER BY seq LIMIT 1) AS first ON true
       LEFT JOIN LATERAL (SELECT data FROM run_events WHERE run_id = o.id AND o.status = 'success' ORDER BY seq DESC LIMIT 1) AS last ON true
       WHERE o.id = $1 AND o.tenant_id = $2`,
      [runId, tenant],
    );
    return row ?? null;
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
       WHERE run_id = $1 AND tenant_id = $2 AND type = 'run.resumed' AND data ->> 'reason' = 'retry_run' ORDER BY seq DESC LIMIT 1`,
      [runId, tenant],
    );
    return row ?? NEVER_RESTARTED;
  }
}

export const NEVER_RESTARTED: RunRestart = { attempt: 1, seq: 0 };
