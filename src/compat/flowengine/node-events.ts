import { isJsonObject, type Json, type JsonObject, type RunEvent } from '../../engine/index.js';
import { logLineOf } from '../../modules/runs/index.js';
import { typedOf } from './values.js';

/** What a node says while it is at work. */
export function nodeEvent(event: RunEvent): object | null {
  const { data } = event;
  switch (event.type) {
    case 'step.output':
      return outputEvent(event);
    case 'step.retrying':
      return { event_type: 'Warning', message: `attempt failed: ${messageOf(data)}` };
    case 'token':
      return { event_type: 'Data', port: 'token', value: typedOf(data['text'] ?? '') };
    case 'artifact.created':
      return { event_type: 'Data', port: 'artifact', value: typedOf(data) };
    case 'approval.requested':
    case 'approval.decided':
    case 'input.required':
    case 'tool.call':
    case 'tool.result':
      return { event_type: 'Data', port: event.type, value: typedOf(data) };
    default:
      return null;
  }
}

function outputEvent(event: RunEvent): object {
  const line = logLineOf(event);
  switch (line?.stream) {
    case 'stdout':
      return { event_type: 'StdoutLine', line: line.message };
    case 'stderr':
      return { event_type: 'StderrLine', line: line.message };
    case 'log':
      return { event_type: line.level === 'warn' || line.level === 'error' ? 'Warning' : 'Info', message: line.message };
    default:
      return progressOf(event.data['progress']) ?? { event_type: 'Data', port: 'output', value: typedOf(event.data) };
  }
}

/** A node that tells how far it is says how many of what are done, and beside it how many there are in all. */
function progressOf(progress: Json | undefined): object | null {
  if (!isJsonObject(progress)) return null;
  const [done, total] = Object.entries(progress).flatMap(([name, count]) =>
    `${name}_total` in progress ? [count, progress[`${name}_total`]] : [],
  );
  const percent = typeof done === 'number' && typeof total === 'number' && total > 0 ? Math.min(100, (100 * done) / total) : 0;
  return { event_type: 'Progress', percent, message: JSON.stringify(progress) };
}

/** What an event says of an error. */
export function messageOf({ error }: JsonObject): string {
  return isJsonObject(error) && typeof error['message'] === 'string' ? error['message'] : '';
}
