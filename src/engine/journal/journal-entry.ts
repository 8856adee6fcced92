import type { JsonObject } from '../model/json.js';
import type { RunEvent, RunEventType } from '../model/run-event.js';

/**
 * One row of a run's journal. A row carries one event, or two when `span` is 2: the start of a thing and its end, when
 * nothing had to be written in between (`run.created` + `run.started`, `step.started` + `step.completed|failed`).
 * Rows per step are the price of durability, so a step that finishes fast costs one.
 *
 * Invariant: the sequence numbers a row covers are `seq - span + 1 … seq`, and the rows of a run cover 1 … n without
 * gap or overlap. `hash` chains each row to the one before it; see `hash-chain.ts`.
 */
export interface JournalEntry {
  readonly runId: string;
  readonly seq: number;
  readonly span: 1 | 2;
  readonly type: RunEventType;
  readonly step: string | null;
  /** Attempt of the step that the row is about, 1-based; 0 for rows about the run. */
  readonly attempt: number;
  /** Epoch milliseconds of the row's last event. */
  readonly at: number;
  /** Epoch milliseconds of the first event when `span` is 2, or when the step had a `step.started` row of its own. */
  readonly startedAt: number | null;
  /** Serialised JSON object: kept as text because the hash is over exactly these bytes. */
  readonly data: string;
  readonly hash: Buffer;
}

const OPENING: Partial<Record<RunEventType, RunEventType>> = {
  'run.started': 'run.created',
  'step.completed': 'step.started',
  'step.failed': 'step.started',
  'step.retrying': 'step.started',
  'step.waiting': 'step.started',
};

/** The events a journal row stands for, in order. */
export function expandEntry(entry: JournalEntry): RunEvent[] {
  const data = JSON.parse(entry.data) as JsonObject;
  const step = entry.step === null ? {} : { step: entry.step };
  const at = new Date(entry.at).toISOString();
  if (entry.span === 1) return [{ run_id: entry.runId, seq: entry.seq, type: entry.type, at, ...step, data }];
  const opening = OPENING[entry.type];
  if (opening === undefined) throw new Error(`journal row of type ${entry.type} cannot span two events`);
  const openedAt = new Date(entry.startedAt ?? entry.at).toISOString();
  const runOpening = entry.type === 'run.started';
  return [
    {
      run_id: entry.runId,
      seq: entry.seq - 1,
      type: opening,
      at: openedAt,
      ...step,
      data: runOpening ? data : { attempt: entry.attempt, ...pick(data, 'node_id', 'node_type') },
    },
    { run_id: entry.runId, seq: entry.seq, type: entry.type, at, ...step, data: runOpening ? {} : data },
  ];
}

function pick(data: JsonObject, ...keys: string[]): JsonObject {
  const picked: JsonObject = {};
  for (const key of keys) {
    const value = data[key];
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}
