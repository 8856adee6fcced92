import { isJsonObject, type Json, type RunEvent } from '../../engine/index.js';
import { logLineOf } from '../../modules/runs/index.js';
import { stepOfPath } from './execution-views.js';

export interface AwfEvent {
  readonly event: 'step.started' | 'step.completed' | 'step.failed' | 'workflow.completed' | 'workflow.failed' | 'output';
  readonly data: object;
}

/** What AWF says when this happens; null when nothing. The members of later versions (`kind`, `run_id`, `seq`, `step`) are there besides. */
export function awfEvent(event: RunEvent, workflowName: string): AwfEvent | null {
  return event.step === undefined ? workflowEvent(event, workflowName) : stepEvent(event, stepOfPath(event.step));
}

function workflowEvent(event: RunEvent, workflow_name: string): AwfEvent | null {
  const ended = (kind: AwfEvent['event'], status: string, more: object = {}): AwfEvent =>
    said(event, kind, { workflow_name, status, ...more, completed_at: event.at });
  switch (event.type) {
    case 'run.completed':
      return ended('workflow.completed', 'completed');
    case 'run.failed':
      return ended('workflow.failed', 'failed', { error: errorOf(event) });
    case 'run.cancelled':
      return ended('workflow.failed', 'cancelled', { error: errorOf(event) });
    default:
      return null;
  }
}

function stepEvent(event: RunEvent, step: string | null): AwfEvent | null {
  if (step === null) return null;
  const names = { step_name: step, step };
  switch (event.type) {
    case 'step.started':
      return said(event, 'step.started', { ...names, status: 'running', started_at: event.at });
    case 'step.completed':
      return said(event, 'step.completed', {
        ...names,
        status: 'completed',
        output: textOf(event.data['output'] ?? event.data['output_ref']),
        completed_at: event.at,
      });
    case 'step.failed':
      return said(event, 'step.failed', { ...names, status: 'failed', error: errorOf(event), completed_at: event.at });
    case 'step.output': {
      const line = logLineOf(event);
      return line === null ? null : said(event, 'output', { ...names, output: line.message });
    }
    default:
      return null;
  }
}

function said({ run_id, seq }: RunEvent, event: AwfEvent['event'], data: object): AwfEvent {
  return { event, data: { ...data, kind: event, run_id, seq } };
}

function errorOf({ data: { error } }: RunEvent): string {
  return isJsonObject(error) && typeof error['message'] === 'string' ? error['message'] : '';
}

/** Of a command what it printed, else the output as JSON. */
function textOf(output: Json | undefined): string {
  if (typeof output === 'string') return output;
  if (isJsonObject(output) && typeof output['exit_code'] === 'number' && typeof output['stdout'] === 'string') return output['stdout'];
  return output === undefined || output === null ? '' : JSON.stringify(output);
}
