import { type Json, type JsonObject, isJsonObject, StepError } from '../../../engine/index.js';
import type { EgressResponse } from '../../../platform/egress/index.js';
import { decodeBody, parseJson } from '../../nodes/index.js';

const EXCERPT_CHARACTERS = 500;
const MAX_TIMEOUT_SECONDS = 600;

/** Config members of tools that send requests. */
export const WEB_SETTINGS: JsonObject = {
  timeout_seconds: { type: 'number', exclusiveMinimum: 0, maximum: MAX_TIMEOUT_SECONDS, default: 30 },
  max_response_bytes: { type: 'integer', minimum: 1, maximum: 67_108_864, default: 5_242_880 },
};

const DEFAULT_MAX_BYTES = 5 * 1024 * 1024;

export function webLimits(config: JsonObject): { readonly timeoutMs: number; readonly maxResponseBytes: number } {
  return {
    timeoutMs: Math.ceil(Number(config['timeout_seconds'] ?? 30) * 1_000),
    maxResponseBytes: Number(config['max_response_bytes'] ?? DEFAULT_MAX_BYTES),
  };
}

/** The body by its media type: JSON as a value, text as text, all else as base64. */
export function bodyOf(answer: EgressResponse): Json {
  return decodeBody(answer.body, contentType(answer), 'auto');
}

export function contentType({ headers }: Pick<EgressResponse, 'headers'>): string {
  const type = headers['content-type'];
  return typeof type === 'string' ? type : '';
}

/** A 2xx answer's JSON. Throws `StepError`: `http_status`, `bad_response`. */
export function jsonOf(answer: EgressResponse, whose: string): Json {
  refuseFailure(answer, whose);
  try {
    return parseJson(answer.body.toString('utf8'));
  } catch {
    throw new StepError('bad_response', `${whose} answered something that is no JSON`, { retryable: true });
  }
}

export function objectOfAnswer(answer: EgressResponse, whose: string): JsonObject {
  const value = jsonOf(answer, whose);
  if (isJsonObject(value)) return value;
  throw new StepError('bad_response', `${whose} answered something unexpected`, { retryable: false });
}

export function refuseFailure(answer: EgressResponse, whose: string): void {
  const { status } = answer;
  if (status >= 200 && status < 300) return;
  const text = answer.body.toString('utf8').slice(0, EXCERPT_CHARACTERS);
  throw new StepError('http_status', `${whose} answered ${status}`, {
    retryable: status >= 500 || status === 429,
    details: { status, body: text },
  });
}

/** Headers of a tool's input, each a text. */
export function headersOf(value: Json | undefined): Record<string, string> {
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.map(([name, each]) => [name, String(each)]));
}

export const HEADERS_SCHEMA: JsonObject = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
  maxProperties: 100,
};
export const URL_SCHEMA: JsonObject = { type: 'string', minLength: 1, maxLength: 16_384, description: 'http or https.' };
