import type { RetryPolicy } from '../model/definition.js';
import type { Json, JsonObject } from '../model/json.js';
import type { SerializedError } from '../model/step-error.js';
import type { DurableCall, NodeCall, RunInfo } from '../ports/node-type.js';
import type { StoredDefinition } from '../ports/definitions.js';
import type { SubmitRun } from './submission.js';
import type { JournalEntry } from '../journal/journal-entry.js';
import type { RunHistory } from '../journal/run-history.js';

/** How a step ended. A cancelled one has neither output nor error. */
export type StepOutcome =
  | { readonly status: 'success'; readonly output: Json }
  | { readonly status: 'failed'; readonly error: SerializedError }
  | { readonly status: 'skipped' }
  | { readonly status: 'cancelled' };

/** What an interpreter says about a step besides how to do it. */
export interface StepSpec {
  readonly nodeId: string;
  readonly nodeType: string;
  readonly pure: boolean;
  readonly retry?: RetryPolicy | undefined;
  /** Limit of one attempt, milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Epoch milliseconds at which it began, when that was before there was a step to record: it consists of others. */
  readonly beganAt?: number | undefined;
  /** Called before this step is told to have begun: the one that it is a part of has begun earlier. */
  readonly beforeStart?: (() => void) | undefined;
  /** Ends this step alone once it is aborted, with a `RunStoppedError` for a reason; the outcome is `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

/** What one attempt is given by the interpreter, once it really has to be made. */
export interface StepInput {
  readonly config: JsonObject;
  readonly inputs: JsonObject;
  /** What the journal shows as the step's inputs; absent when there is nothing worth showing. */
  readonly recorded?: JsonObject | undefined;
  /** Values that must not reach the journal. */
  readonly secrets: readonly string[];
}

/**
 * What an interpreter may do with the run it executes. Everything here is replayed: a path whose result the journal
 * holds is answered from it. Calls of a run that was parked, dropped or taken over never return, so an interpreter needs
 * no clean-up of its own and must not hold anything but memory.
 */
export interface RunContext {
  readonly run: RunInfo;
  readonly inputs: JsonObject;
  readonly history: RunHistory;
  /** 1-based; see `settings.on_error: retry_run`. */
  readonly runAttempt: number;
  /** Aborted once the run is to end. */
  readonly signal: AbortSignal;
  /** One journaled unit of work with its retries. `prepare` is called per attempt that is really made. */
  step(path: string, spec: StepSpec, prepare: () => StepInput, work: (call: NodeCall) => Promise<Json>): Promise<StepOutcome>;
  /** A unit of work that waits or has journaled steps inside. */
  durableStep(path: string, spec: StepSpec, prepare: () => StepInput, work: (call: DurableCall) => Promise<Json>): Promise<StepOutcome>;
  /** Records that a step was not executed. */
  skip(path: string, spec: StepSpec, reason: string): StepOutcome;
  /** Records the end of a step that had no work of its own: a fan-out of `items` items, or a fault before the first attempt. */
  settleFanOut(path: string, spec: StepSpec, items: number, error: SerializedError | null): void;
  fail(path: string, spec: StepSpec, error: SerializedError): StepOutcome;
  /** Stops everything the run still does because one step failed it; outcomes of what is stopped are `cancelled`. */
  abortBranches(): void;
  /**
   * Does what is left to do for a run that is being stopped from outside, once nothing else of it goes on; of a run that is
   * not, does nothing. Its steps are told to stop when the grace for stopping is over.
   */
  lastWords(work: (reason: 'cancelled' | 'run_timeout') => Promise<void>): Promise<void>;
}

/** How a program ended, unless it was cancelled. */
export type ProgramResult =
  { readonly status: 'success'; readonly outputs: Json } | { readonly status: 'failed'; readonly error: SerializedError };

/** What the caller of a workflow may say about the run besides its inputs. */
export interface LaunchOptions {
  readonly priority?: number | undefined;
  readonly concurrencyKey?: string | undefined;
  /** Milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/** What is known of a run when it is about to be created. */
export interface LaunchContext {
  readonly runId: string;
  readonly trigger: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly definition: StoredDefinition;
  readonly inputs: JsonObject;
}

export type LaunchSettings = Pick<SubmitRun, 'priority' | 'timeoutMs' | 'concurrency' | 'rate'>;

/** A wish to go on with a run that is over, as a new one. */
export interface ResumeRequest {
  /** The old run's journal. */
  readonly entries: readonly JournalEntry[];
  /** Path of the step to begin with; null: whatever did not succeed is done again. */
  readonly from: string | null;
  /** The program that the old run executed. */
  readonly before: Program;
  /** The new run. */
  readonly run: RunInfo;
  readonly inputs: JsonObject;
}

/** Why a run cannot be resumed as asked. */
export interface ResumeFault {
  /** `/from_step`, `/version` or `/input_overrides`. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export interface ResumePlan {
  /** Rows of the old run that the new one keeps: settled steps, oldest first. */
  readonly kept: readonly JournalEntry[];
  readonly faults: readonly ResumeFault[];
}

/** An interpreter bound to a definition. */
export interface Program {
  run(context: RunContext): Promise<ProgramResult>;
  /** How a run of it is queued, limited and timed: the definition's settings and what the caller says. Throws `StepError('expression_error')`. */
  launch(options: LaunchOptions, context: LaunchContext): LaunchSettings;
  /** What a new run keeps of one that is over, or what stands against it. */
  planResume(request: ResumeRequest): Promise<ResumePlan>;
  /** Policy of `on_error: retry_run`, if the definition has it. */
  readonly retryRun: RetryPolicy | null;
}
