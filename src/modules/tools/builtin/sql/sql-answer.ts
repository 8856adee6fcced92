import type { Json } from '../../../../engine/index.js';

export interface SqlQuestion {
  /** One statement that reads. */
  readonly query: string;
  readonly params: readonly Json[];
  readonly maxRows: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface SqlAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Json[])[];
  /** Whether there was more than `maxRows`. */
  readonly truncated: boolean;
}

/** A value of a database as JSON: bytes in base64, times by ISO 8601, whole numbers beyond 2^53 as texts. */
export function toJson(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return JSON.parse(JSON.stringify(value)) as Json;
}
