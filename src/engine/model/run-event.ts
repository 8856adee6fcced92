import type { JsonObject } from './json.js';

/** Every event type of a run's log. */
export const RUN_EVENT_TYPES = [
  'run.created',
  'run.started',
  'run.waiting',
  'run.resumed',
  'run.cancelling',
  'run.completed',
  'run.failed',
  'run.cancelled',
  'step.started',
  'step.output',
  'step.retrying',
  'step.waiting',
  'step.completed',
  'step.failed',
  'step.skipped',
  'step.cancelled',
  'approval.requested',
  'approval.decided',
  'input.required',
  'artifact.created',
  'token',
  'tool.call',
  'tool.result',
] as const;
export type RunEventType = (typeof RUN_EVENT_TYPES)[number];

/** Event types after which a run's log never grows again. */
export const TERMINAL_EVENT_TYPES: ReadonlySet<RunEventType> = new Set(['run.completed', 'run.failed', 'run.cancelled']);

/** One event as every transport shows it. `seq` starts at 1 and has no gaps within a run. */
export interface RunEvent {
  readonly run_id: string;
  readonly seq: number;
  readonly type: RunEventType;
  /** RFC 3339, UTC, milliseconds. */
  readonly at: string;
  readonly step?: string;
  readonly data: JsonObject;
}
