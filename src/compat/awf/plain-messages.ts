import { isJsonObject, type JsonObject, type RunEvent } from '../../engine/index.js';
import { errorOf, promptOf, type ToldRun } from './events.js';

type Told = Readonly<Record<string, string>> & { readonly kind: string };

/** What AWF 0.11 says when this happens: messages without a name, which say in `kind` what they are about. Null when nothing. */
export function plainMessage(event: RunEvent, { steps }: ToldRun): JsonObject | null {
  const told = event.step === undefined ? ofRun(event) : ofStep(event, event.step, steps);
  if (told === null) return null;
  const members = Object.entries(told).filter(([, value]) => value !== '');
  return { run_id: event.run_id, seq: event.seq, ...Object.fromEntries(members) };
}

function ofRun(event: RunEvent): Told | null {
  switch (event.type) {
    case 'run.started':
      return { kind: 'run.started', status: 'running' };
    case 'run.completed':
      return { kind: 'workflow.completed', status: 'completed' };
    case 'run.failed':
      return { kind: 'workflow.failed', status: 'failed', error: errorOf(event) };
    case 'run.cancelled':
      return { kind: 'workflow.failed', status: 'cancelled', error: errorOf(event) };
    default:
      return null;
  }
}

function ofStep(event: RunEvent, path: string, steps: ToldRun['steps']): Told | null {
  const place = steps.at(path);
  if (place === null) return null;
  const { step, own } = place;
  switch (event.type) {
    case 'input.required':
      return { kind: 'input.required', step, ...promptOf(event) };
    case 'tool.call':
    case 'tool.result':
      return { kind: event.type, step };
    case 'step.started':
      return own ? { kind: steps.callsWorkflow(step) ? 'step.call_workflow.started' : 'step.started', step, status: 'running' } : null;
    case 'step.completed':
      if (!own) return exchange(event, path, step);
      return { kind: steps.callsWorkflow(step) ? 'step.call_workflow.completed' : 'step.completed', step, status: 'completed' };
    case 'step.failed':
      return own ? { kind: 'step.failed', step, status: 'failed', error: errorOf(event) } : null;
    default:
      return null;
  }
}

/** Messages of a conversation are steps inside of the one that converses. */
function exchange({ data: { output } }: RunEvent, path: string, step: string): Told | null {
  if (path.endsWith('/model') && isJsonObject(output)) return { kind: 'message.assistant', step, content: String(output['text'] ?? '') };
  if (/\/round-\d+\/input$/.test(path)) return { kind: 'message.user', step, content: typeof output === 'string' ? output : '' };
  return null;
}
