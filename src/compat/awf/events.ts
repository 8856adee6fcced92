import { isJsonObject, type Json, type RunEvent } from '../../engine/index.js';
import { logLineOf } from '../../modules/runs/index.js';
import type { RunSteps } from './run-steps.js';

/** A run whose events are told. */
export interface ToldRun {
  /** As AWF names its workflow. */
  readonly workflow: string;
  readonly steps: RunSteps;
}

export interface AwfEvent {
  readonly event:
    'step.started' | 'step.completed' | 'step.failed' | 'workflow.completed' | 'workflow.failed' | 'output' | 'input.required';
  readonly data: object;
}

/** What AWF says when this happens; null when nothing. The members of later versions (`kind`, `run_id`, `seq`, `step`) are there besides. */
export function awfEvent(event: RunEvent, { workflow, steps }: ToldRun): AwfEvent | null {
  if (event.step === undefined) return workflowEvent(event, workflow);
  const place = steps.at(event.step);
  if (place === null) return null;
  if (event.type === 'input.required')
    return said(event, 'input.required', { step_name: place.step, step: place.step, ...promptOf(event) });
  if (event.type === 'token') return tokenEvent(event, place.step);
  return place.own ? stepEvent(event, place.step) : null;
}

/** What an agent says, while it says it. */
function tokenEvent(event: RunEvent, step: string): AwfEvent | null {
  const { text } = event.data;
  return typeof text === 'string' && text !== '' ? said(event, 'output', { step_name: step, step, output: text }) : null;
}

/** What a conversation asks, and how its answer names the question. */
export function promptOf({ data }: RunEvent): { readonly prompt: string; readonly prompt_id: string } {
  return { prompt: String(data['message']), prompt_id: String(data['prompt_id']) };
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

function stepEvent(event: RunEvent, step: string): AwfEvent | null {
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

export function errorOf({ data: { error } }: RunEvent): string {
  return isJsonObject(error) && typeof error['message'] === 'string' ? error['message'] : '';
}

/** Of a command what it printed, of an agent what it said, else the output as JSON. */
function textOf(output: Json | undefined): string {
  if (typeof output === 'string') return output;
  if (isJsonObject(output)) {
    const { exit_code: code, stdout, stop_reason: reason, response } = output;
    if (typeof code === 'number' && typeof stdout === 'string') return stdout;
    if (typeof reason === 'string' && typeof response === 'string') return response;
  }
  return output === undefined || output === null ? '' : JSON.stringify(output);
}
