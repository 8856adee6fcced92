import { isJsonObject, type Json, type RunEvent } from '../../../engine/index.js';
import { logLineOf } from '../../../modules/runs/index.js';
import { flwdId } from '../ids.js';
import { EXECUTOR } from './job-views.js';

export const ROOT_EVENT_TYPES = ['run.start', 'step.start', 'step.log', 'step.finish', 'run.finish', 'run.canceled'] as const;

export interface RootEvent {
  readonly event: (typeof ROOT_EVENT_TYPES)[number];
  readonly data: object;
}

/** What every event says of its run. */
export interface EventSubject {
  readonly jobId: string;
  readonly startedAt: string;
  readonly provenance: object;
}

const STEP_END: Readonly<Record<string, string>> = {
  'step.completed': 'completed',
  'step.failed': 'failed',
  'step.skipped': 'skipped',
  'step.cancelled': 'canceled',
};

/** What flwd says at its root when this happens: nothing, or one event. */
export function rootEvents(event: RunEvent, { jobId, startedAt, provenance }: EventSubject): RootEvent[] {
  const run = { run_id: flwdId('run', event.run_id), job_id: jobId, started_at: startedAt, executor: EXECUTOR, provenance };
  const step = { ...run, step: event.step ?? '' };
  const status = STEP_END[event.type];
  if (status !== undefined) return [{ event: 'step.finish', data: { ...step, status, ...exitOf(event), ...errorOf(event) } }];
  switch (event.type) {
    case 'run.started':
      return [{ event: 'run.start', data: { ...run, status: 'running' } }];
    case 'run.completed':
      return [{ event: 'run.finish', data: { ...run, status: 'completed', finished_at: event.at } }];
    case 'run.failed':
      return [{ event: 'run.finish', data: { ...run, status: 'failed', finished_at: event.at, ...errorOf(event) } }];
    case 'run.cancelled':
      return [{ event: 'run.canceled', data: { ...run, status: 'canceled', finished_at: event.at } }];
    case 'step.started':
      return [{ event: 'step.start', data: step }];
    case 'step.output':
      return logOf(event, step);
    default:
      return [];
  }
}

function logOf(event: RunEvent, step: object): RootEvent[] {
  const line = logLineOf(event);
  if (line === null) return [];
  return [{ event: 'step.log', data: { ...step, channel: line.stream === 'stderr' ? 'stderr' : 'stdout', message: line.message } }];
}

/** Of a process, with what it ended. */
function exitOf({ data: { output, error } }: RunEvent): object {
  const ended: Json | undefined = isJsonObject(error) ? error['details'] : output;
  return isJsonObject(ended) && typeof ended['exit_code'] === 'number' ? { exit_code: ended['exit_code'] } : {};
}

function errorOf({ data: { error } }: RunEvent): object {
  return isJsonObject(error) && typeof error['message'] === 'string' ? { error: error['message'] } : {};
}
