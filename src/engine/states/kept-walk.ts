import type { JournalEntry } from '../journal/journal-entry.js';
import { RunHistory } from '../journal/run-history.js';
import type { ProgramResult, RunContext, StepOutcome, StepSpec } from '../kernel/run-context.js';
import type { Json, JsonObject } from '../model/json.js';
import type { SettledStepStatus } from '../model/statuses.js';
import type { SerializedError } from '../model/step-error.js';
import type { RunInfo } from '../ports/node-type.js';

/** Where a walk over kept results comes to. */
export type WalkEnd = { readonly kind: 'step'; readonly path: string } | { readonly kind: 'over'; readonly result: ProgramResult };

const NEVER = new Promise<never>(() => undefined);

/**
 * A run that does nothing: it is interpreted over the rows that a resumed run would keep, to see where it goes on. The first
 * step that has no kept result is where.
 */
export class KeptWalk implements RunContext {
  readonly history: RunHistory;
  readonly runAttempt = 1;
  readonly signal = new AbortController().signal;
  /** Paths whose kept results were asked for. */
  readonly used = new Set<string>();
  private readonly missing: Promise<WalkEnd>;
  private found!: (end: WalkEnd) => void;

  constructor(
    readonly run: RunInfo,
    readonly inputs: JsonObject,
    kept: readonly JournalEntry[],
    /** Steps that are taken as done, without an output. */
    private readonly isTaken: (path: string) => boolean,
  ) {
    this.history = RunHistory.from(kept);
    this.missing = new Promise((resolve) => {
      this.found = resolve;
    });
  }

  async end(run: (context: RunContext) => Promise<ProgramResult>): Promise<WalkEnd> {
    return await Promise.race([this.missing, run(this).then((result): WalkEnd => ({ kind: 'over', result }))]);
  }

  step(path: string, spec: StepSpec): Promise<StepOutcome> {
    return this.answer(path, spec);
  }

  durableStep(path: string, spec: StepSpec): Promise<StepOutcome> {
    return this.answer(path, spec);
  }

  skip(): StepOutcome {
    return { status: 'skipped' };
  }

  settleFanOut(): void {}

  fail(path: string, _spec: StepSpec, error: SerializedError): StepOutcome {
    if (this.history.steps.has(path)) this.used.add(path);
    return { status: 'failed', error };
  }

  abortBranches(): void {}

  async lastWords(): Promise<void> {}

  private async answer(path: string, { signal }: StepSpec): Promise<StepOutcome> {
    const record = this.history.steps.get(path);
    if (record !== undefined && record.status !== 'open') {
      this.used.add(path);
      return outcomeOf(record.status, record.output ?? null, record.error);
    }
    if (this.isTaken(path)) return { status: 'success', output: null };
    if (signal?.aborted === true) return { status: 'cancelled' };
    this.found({ kind: 'step', path });
    return await NEVER;
  }
}

function outcomeOf(status: SettledStepStatus, output: Json, error: SerializedError | null): StepOutcome {
  if (status === 'success') return { status, output };
  return status === 'failed' ? { status, error: error ?? { code: 'unknown', message: 'unknown' } } : { status };
}
