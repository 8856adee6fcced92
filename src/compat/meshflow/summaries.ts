import { isJsonObject, type Json, type RunStatus } from '../../engine/index.js';
import type { RunDto } from '../../modules/runs/index.js';
import { contentOf, type MeshRecord, timestampOf } from './records.js';

export interface Totals {
  readonly total_cost_usd: number;
  readonly total_tokens: number;
}

const STATUS: Readonly<Record<RunStatus, string>> = {
  pending: 'pending',
  running: 'running',
  waiting: 'paused',
  cancelling: 'running',
  success: 'completed',
  failed: 'failed',
  cancelled: 'aborted',
};

export function meshStatus(status: RunStatus): string {
  return STATUS[status];
}

export function totalsOf(records: readonly MeshRecord[]): Totals {
  return {
    total_cost_usd: sumOf(records, ({ cost_usd }) => cost_usd),
    total_tokens: sumOf(records, ({ tokens_used }) => tokens_used),
  };
}

export function summaryOf(run: RunDto, records: readonly MeshRecord[]): object {
  return {
    run_id: run.id,
    workflow: run.workflow?.name ?? run.agent?.name ?? '',
    status: meshStatus(run.status),
    steps: records.length,
    nodes: records.map(({ node_id }) => node_id),
    ...totalsOf(records),
    total_carbon_gco2: 0,
    blocked_steps: records.filter(({ blocked }) => blocked).length,
    verdicts: records.map(({ verdict }) => verdict),
    timestamps: { start: timestampOf(new Date(run.started_at ?? run.created_at)), end: records.at(-1)?.timestamp ?? null },
  };
}

/** What `POST /run` answers. */
export function runResult(run: RunDto, records: readonly MeshRecord[]): object {
  const { total_cost_usd, total_tokens } = totalsOf(records);
  return {
    run_id: run.id,
    status: meshStatus(run.status),
    output: outputOf(run.outputs),
    total_cost_usd,
    total_tokens,
    total_carbon_g: 0,
    duration_s: (run.duration_ms ?? 0) / 1_000,
    ledger_entries: records.length,
    trace_id: run.id,
    checkpoints: records.map((_, index) => `${run.id}:step:${index + 1}`),
    error: run.error?.message ?? null,
    collusion_alerts: [],
    agent_costs: Object.fromEntries(
      [...Map.groupBy(records, ({ node_id }) => node_id)].map(([node, own]) => [node, totalsOf(own).total_cost_usd]),
    ),
  };
}

/** What a workflow says in one text. */
export function outputOf(outputs: Json): string {
  const said = isJsonObject(outputs) ? outputs['output'] : undefined;
  return contentOf(typeof said === 'string' ? said : outputs);
}

function sumOf(records: readonly MeshRecord[], value: (record: MeshRecord) => number): number {
  return records.reduce((sum, record) => sum + value(record), 0);
}
