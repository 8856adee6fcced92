import type { ErrorView, StateView } from '../expressions/index.js';
import { isJsonObject, type Json } from '../model/json.js';
import type { SerializedError } from '../model/step-error.js';

/** What a state came to, whatever comes next. */
export type StateEnding =
  | { readonly status: 'success'; readonly output: Json }
  | { readonly status: 'failed'; readonly error: SerializedError }
  | { readonly status: 'cancelled' };

/** How expressions see a state that has ended. `isCommand`: what it gave are the streams and the exit code of a command. */
export function viewState(ending: Exclude<StateEnding, { status: 'cancelled' }>, isCommand: boolean): StateView {
  const response = ending.status === 'success' ? ending.output : (ending.error.details ?? null);
  const streams = isJsonObject(response) && (isCommand || ending.status === 'failed') ? response : {};
  const output = isCommand ? (streams['stdout'] ?? '') : ending.status === 'success' ? ending.output : null;
  return {
    status: ending.status,
    output,
    stderr: typeof streams['stderr'] === 'string' ? streams['stderr'] : '',
    exit_code: ending.status === 'success' ? numberOr(streams['exit_code'], 0) : exitCodeOf(ending.error),
    response,
    json: streams['result'] ?? asJson(output),
    error: ending.status === 'failed' ? ending.error : null,
  };
}

export function viewError(state: string, error: SerializedError): ErrorView {
  return { message: error.message, state, exit_code: exitCodeOf(error), type: error.code };
}

export function exitCodeOf({ code, details }: SerializedError): number {
  return code === 'timeout' ? -1 : numberOr(isJsonObject(details) ? details['exit_code'] : undefined, 1);
}

function numberOr(value: Json | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function asJson(output: Json): Json {
  if (typeof output !== 'string') return output;
  if (!/^\s*[[{"\d-]|^\s*(?:true|false|null)\s*$/.test(output)) return null;
  try {
    return JSON.parse(output) as Json;
  } catch {
    return null;
  }
}
