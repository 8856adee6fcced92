import type { Json, JsonObject } from '../model/json.js';
import { TERMINAL_EVENT_TYPES } from '../model/run-event.js';
import type { SettledStepStatus } from '../model/statuses.js';
import type { SerializedError } from '../model/step-error.js';
import { GENESIS_HASH } from './hash-chain.js';
import type { JournalEntry } from './journal-entry.js';

/** What a parked branch waits for, as the journal records it. */
export type WaitRecord =
  | { readonly kind: 'timer'; readonly until: number }
  | { readonly kind: 'child'; readonly run_id: string; readonly deadline?: number }
  | { readonly kind: 'signal'; readonly name: string; readonly deadline?: number };

/** What the journal knows of one step path. */
export interface StepRecord {
  status: SettledStepStatus | 'open';
  /** Attempt that settled, failed last, or is running; 1-based. */
  attempt: number;
  /** Epoch milliseconds of the next attempt, when the last one failed and may be repeated. */
  retryAt: number | null;
  startedAt: number | null;
  output: Json | undefined;
  error: SerializedError | null;
  /** Whether `output` is assembled from the items of a fan-out. */
  fanOut: number | null;
  /** Waits of the current attempt, by their key. */
  waits: Map<string, WaitRecord>;
}

/**
 * A run's state as its journal tells it. Folding is pure: the same rows give the same state, in any process, at any
 * time, so a run may be dropped from memory whenever its rows are durable.
 */
export class RunHistory {
  readonly steps = new Map<string, StepRecord>();
  readonly takenSignals = new Set<number>();
  inputs: JsonObject = {};
  lastSeq = 0;
  lastHash: Buffer = GENESIS_HASH;
  private hashBeforeEnd: Buffer = GENESIS_HASH;
  lastAt = 0;
  started = false;
  cancelling = false;
  terminal = false;
  /** 1-based; grows when `settings.on_error: retry_run` starts over. */
  runAttempt = 1;
  /** When the next run attempt may start, while one is due. */
  runRetryAt: number | null = null;

  static from(entries: Iterable<JournalEntry>): RunHistory {
    const history = new RunHistory();
    for (const entry of entries) history.apply(entry, JSON.parse(entry.data) as JsonObject);
    return history;
  }

  /** `data` is `entry.data` parsed; callers that just serialised it pass what they have. */
  apply(entry: JournalEntry, data: JsonObject): void {
    if (TERMINAL_EVENT_TYPES.has(entry.type)) this.hashBeforeEnd = this.lastHash;
    this.lastSeq = entry.seq;
    this.lastHash = entry.hash;
    this.lastAt = entry.at;
    if (entry.step !== null) {
      this.applyStep(entry.step, entry, data);
      return;
    }
    switch (entry.type) {
      case 'run.created':
        this.inputs = data['inputs'] as JsonObject;
        break;
      case 'run.started':
        this.started = true;
        if (entry.span === 2) this.inputs = data['inputs'] as JsonObject;
        break;
      case 'run.waiting':
        if (data['reason'] === 'retry_run') this.runRetryAt = data['until'] as number;
        break;
      case 'run.resumed':
        if (data['reason'] === 'retry_run') this.startOver(data['attempt'] as number);
        break;
      case 'run.cancelling':
        this.cancelling = true;
        break;
      default:
        if (TERMINAL_EVENT_TYPES.has(entry.type)) this.terminal = true;
    }
  }

  /** Paths that are started and not settled, in the order they were first seen. */
  openSteps(): string[] {
    return [...this.steps].filter(([, record]) => record.status === 'open').map(([path]) => path);
  }

  /** Takes the terminal row back, which was refused; nothing comes after a terminal row, so nothing else depends on it. */
  retract(terminal: JournalEntry): void {
    this.terminal = false;
    this.lastSeq = terminal.seq - terminal.span;
    this.lastHash = this.hashBeforeEnd;
  }

  /** Children that steps wait for, or waited for when they were cancelled. */
  openChildren(): string[] {
    return [...this.steps.values()].flatMap(({ waits }) =>
      [...waits.values()].flatMap((wait) => (wait.kind === 'child' ? [wait.run_id] : [])),
    );
  }

  private applyStep(path: string, entry: JournalEntry, data: JsonObject): void {
    switch (entry.type) {
      case 'step.started':
        this.open(path, entry.attempt, entry.at);
        break;
      case 'step.retrying': {
        const record = this.open(path, entry.attempt, entry.startedAt ?? entry.at);
        record.retryAt = data['next_at'] as number;
        record.error = data['error'] as unknown as SerializedError;
        record.waits.clear();
        break;
      }
      case 'step.waiting': {
        const record = this.open(path, entry.attempt, entry.startedAt ?? entry.at);
        record.waits.set(data['key'] as string, data['wait'] as unknown as WaitRecord);
        break;
      }
      case 'step.completed': {
        const signal = data['signal_id'];
        if (typeof signal === 'number') this.takenSignals.add(signal);
        const record = this.settle(path, entry, 'success');
        record.output = data['output'] ?? null;
        record.fanOut = typeof data['items'] === 'number' ? data['items'] : null;
        break;
      }
      case 'step.failed':
        this.settle(path, entry, 'failed').error = data['error'] as unknown as SerializedError;
        break;
      case 'step.skipped':
        this.settle(path, entry, 'skipped');
        break;
      case 'step.cancelled': {
        // Its children may live on: whoever ends the run after a crash has to find them.
        const waits = [...(this.steps.get(path)?.waits ?? [])];
        this.settle(path, entry, 'cancelled').waits = new Map(waits);
        break;
      }
      default:
        break;
    }
  }

  private open(path: string, attempt: number, startedAt: number): StepRecord {
    let record = this.steps.get(path);
    if (record === undefined) {
      record = { status: 'open', attempt, retryAt: null, startedAt, output: undefined, error: null, fanOut: null, waits: new Map() };
      this.steps.set(path, record);
    } else {
      if (attempt > record.attempt) record.retryAt = null;
      record.attempt = attempt;
    }
    return record;
  }

  private settle(path: string, entry: JournalEntry, status: SettledStepStatus): StepRecord {
    const record = this.open(path, Math.max(entry.attempt, 1), entry.startedAt ?? entry.at);
    record.status = status;
    record.retryAt = null;
    record.waits.clear();
    return record;
  }

  /** A new run attempt keeps what succeeded and forgets the rest. */
  private startOver(attempt: number): void {
    this.runAttempt = attempt;
    this.runRetryAt = null;
    for (const [path, record] of this.steps) if (record.status !== 'success') this.steps.delete(path);
  }
}
