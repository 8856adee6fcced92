import type { JournalEntry } from '../journal/journal-entry.js';
import type { JsonObject } from '../model/json.js';
import type { RunRate } from '../model/rate.js';
import type { StoredDefinition } from '../ports/definitions.js';

/** A request for a run, its inputs already checked and completed with defaults. */
export interface SubmitRun {
  /** Reserved id (UUIDv7), when a repeated submission must give the same run. */
  readonly id?: string;
  readonly tenant: string;
  readonly definition: StoredDefinition;
  readonly inputs: JsonObject;
  readonly priority?: number;
  /** Epoch milliseconds before which the run does not start. */
  readonly runAt?: number;
  readonly concurrency?: { readonly key: string; readonly limit: number; readonly onConflict: 'queue' | 'cancel_running' | 'reject' };
  /** The workflow's rate: the run starts when it is its turn. */
  readonly rate?: RunRate;
  readonly tags?: readonly string[];
  /** Limit of the whole run, milliseconds. */
  readonly timeoutMs?: number;
  /** `api`, `run`, `cron`, … */
  readonly trigger: string;
  /** The API key that asked for it; noted in the journal. */
  readonly keyId?: string;
  readonly parent?: { readonly runId: string; readonly step: string; readonly depth: number };
  readonly resumedFrom?: string;
  /** Rows of the resumed run whose results this one keeps, oldest first. */
  readonly kept?: readonly JournalEntry[];
}

export interface SubmittedRun {
  readonly runId: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly status: 'pending' | 'running';
  /** False when a run of this id (or this parent and step) existed before: nothing was created. */
  readonly created: boolean;
}

/** The concurrency key's limit is reached and the workflow refuses further runs. */
export class ConcurrencyRejectedError extends Error {
  override readonly name = 'ConcurrencyRejectedError';
  constructor(
    readonly key: string,
    readonly limit: number,
    readonly holders: readonly string[],
  ) {
    super(`concurrency key ${key} is at its limit of ${limit}`);
  }
}
