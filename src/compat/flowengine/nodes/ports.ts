import { isJsonObject, type Json, type JsonObject, type NodeCall, StepError } from '../../../engine/index.js';
import { isBytes, typeName } from '../values.js';

type Call = Pick<NodeCall, 'config' | 'inputs'>;

/** What has come into the ports. */
export function portsOf({ inputs }: Pick<NodeCall, 'inputs'>): JsonObject {
  return isJsonObject(inputs['ports']) ? inputs['ports'] : {};
}

/** What has come into a port; else what the config has for it, else null. */
export function inputOf(call: Call, port: string): Json {
  return portsOf(call)[port] ?? call.config[port] ?? null;
}

export function requiredInput(call: Call, port: string): Json {
  const value = inputOf(call, port);
  if (value === null) throw new StepError('missing_input', `Missing required input: ${port}`, { retryable: false });
  return value;
}

export function requiredText(call: Call, port: string): string {
  const value = requiredInput(call, port);
  if (typeof value === 'string') return value;
  const message = `Invalid input type for '${port}': expected String, got ${typeName(value)}`;
  throw new StepError('invalid_input', message, { retryable: false });
}

/** A value as text: bytes as UTF-8, what is no text as JSON. */
export function textOf(value: Json): string {
  if (typeof value === 'string') return value;
  return isBytes(value) ? Buffer.from(value.value).toString('utf8') : JSON.stringify(value);
}

export function configurationError(message: string): StepError {
  return new StepError('invalid_config', `Configuration error: ${message}`, { retryable: false });
}
