import { isJsonObject, type Json, type JsonObject, type SerializedError, type StepStatus } from '../../../engine/index.js';
import type { OpeningType, SettlingType } from './step-rows.js';

/** One step of a run as its journal rows tell it. */
export interface StepRecord {
  readonly path: string;
  readonly node_id: string;
  readonly type: string | null;
  readonly status: StepStatus;
  /** Attempts begun; 0 when the step was skipped. */
  readonly attempt: number;
  readonly inputs: JsonObject | null;
  readonly output: Json;
  readonly error: SerializedError | null;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly duration_ms: number | null;
}

/** The row that settled a step. */
export interface SettledStepRow {
  readonly step: string;
  readonly type: SettlingType;
  readonly attempt: number;
  readonly at: Date;
  readonly started_at: Date | null;
  readonly data: JsonObject;
}

/** The last row of a step that is not settled, and when its first one says it began. */
export interface OpenStepRow {
  readonly step: string;
  readonly type: OpeningType;
  readonly attempt: number;
  readonly began_at: Date;
  readonly data: JsonObject;
}

const STATUS_OF: Readonly<Record<SettlingType, StepStatus>> = {
  'step.completed': 'success',
  'step.failed': 'failed',
  'step.skipped': 'skipped',
  'step.cancelled': 'cancelled',
};

/** `opening` is the row that began the step, for a cancelled one: its last row says no more than that it was cancelled. */
export function settledStep(row: SettledStepRow, opening?: OpenStepRow): StepRecord {
  const data = { ...opening?.data, ...row.data };
  const startedAt = row.type === 'step.skipped' ? null : (row.started_at ?? opening?.began_at ?? row.at);
  return {
    path: row.step,
    ...described(row.step, data),
    status: STATUS_OF[row.type],
    attempt: row.attempt,
    output: data['output'] ?? null,
    error: row.type === 'step.failed' ? errorOf(data) : null,
    started_at: startedAt,
    finished_at: row.at,
    duration_ms: startedAt === null ? null : Math.max(0, row.at.getTime() - startedAt.getTime()),
  };
}

export function openStep(row: OpenStepRow, now: Date): StepRecord {
  return {
    path: row.step,
    ...described(row.step, row.data),
    status: waitsAt(row, now.getTime()) ? 'waiting' : 'running',
    attempt: row.attempt,
    output: null,
    error: row.type === 'step.retrying' ? errorOf(row.data) : null,
    started_at: row.began_at,
    finished_at: null,
    duration_ms: null,
  };
}

/** A timer that is over leaves the step to be gone on with. */
function waitsAt(row: OpenStepRow, now: number): boolean {
  if (row.type === 'step.started') return false;
  if (row.type === 'step.retrying') return typeof row.data['next_at'] === 'number' && row.data['next_at'] > now;
  const wait = row.data['wait'];
  return isJsonObject(wait) && (typeof wait['until'] !== 'number' || wait['until'] > now);
}

/** Number of items when the step is a fan-out, whose output is that of its items. */
export function fanOutSize(row: SettledStepRow): number | null {
  const items = row.data['items'];
  return row.type === 'step.completed' && typeof items === 'number' ? items : null;
}

/** The node a path belongs to: all up to the first item, inner step or attempt mark. */
export function nodeOfPath(path: string): string {
  return path.split(/[[/#]/, 1)[0] ?? path;
}

function described(path: string, data: JsonObject): Pick<StepRecord, 'node_id' | 'type' | 'inputs'> {
  const { node_id: nodeId, node_type: nodeType, inputs } = data;
  return {
    node_id: typeof nodeId === 'string' ? nodeId : nodeOfPath(path),
    type: typeof nodeType === 'string' ? nodeType : null,
    inputs: isJsonObject(inputs) ? inputs : null,
  };
}

function errorOf(data: JsonObject): SerializedError | null {
  return isJsonObject(data['error']) ? (data['error'] as unknown as SerializedError) : null;
}
