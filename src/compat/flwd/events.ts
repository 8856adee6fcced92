import { isJsonObject, type RunEvent } from '../../engine/index.js';
import { logLineOf } from '../../modules/runs/index.js';
import { flwdId } from './ids.js';

export const FLWD_EVENT_TYPES = [
  'run.created',
  'run.started',
  'run.output',
  'run.finished',
  'step.started',
  'step.output',
  'step.finished',
] as const;

export interface FlwdEvent {
  readonly event: (typeof FLWD_EVENT_TYPES)[number];
  readonly data: object;
}

const RUN_END: Readonly<Record<string, string>> = { 'run.completed': 'success', 'run.failed': 'failed', 'run.cancelled': 'cancelled' };
const STEP_END: Readonly<Record<string, string>> = {
  'step.completed': 'success',
  'step.failed': 'failed',
  'step.skipped': 'skipped',
  'step.cancelled': 'cancelled',
};

/** What flwd says when this happens: nothing, one event, or two of a line, which is the run's and the step's. */
export function flwdEvents(event: RunEvent, jobId: string): FlwdEvent[] {
  const base = { run_id: flwdId('run', event.run_id), job_id: jobId, timestamp: event.at };
  const step = { ...base, step_id: event.step ?? '' };
  const runEnd = RUN_END[event.type];
  if (runEnd !== undefined) return [{ event: 'run.finished', data: { ...base, status: runEnd, ...errorOf(event) } }];
  const stepEnd = STEP_END[event.type];
  if (stepEnd !== undefined) return [{ event: 'step.finished', data: { ...step, status: stepEnd, ...errorOf(event) } }];
  switch (event.type) {
    case 'run.created':
      return [{ event: 'run.created', data: { ...base, status: 'pending' } }];
    case 'run.started':
      return [{ event: 'run.started', data: { ...base, status: 'running' } }];
    case 'step.started':
      return [{ event: 'step.started', data: step }];
    case 'step.output':
      return outputOf(event, step);
    default:
      return [];
  }
}

function outputOf(event: RunEvent, step: object): FlwdEvent[] {
  const line = logLineOf(event);
  if (line === null) return [];
  const data = { ...step, level: line.level, message: line.message };
  return [
    { event: 'run.output', data },
    { event: 'step.output', data },
  ];
}

function errorOf({ data: { error } }: RunEvent): object {
  return isJsonObject(error) && typeof error['message'] === 'string' ? { error: error['message'] } : {};
}
