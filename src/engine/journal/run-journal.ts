import type { JsonObject } from '../model/json.js';
import type { RunEventType } from '../model/run-event.js';
import { StepError } from '../model/step-error.js';
import type { EngineLogger } from '../ports/logger.js';
import { type LeaseTransition, StoreUnavailableError } from '../ports/run-store.js';
import { chainHash } from './hash-chain.js';
import type { JournalEntry } from './journal-entry.js';
import type { LargeOutput, LargeOutputs } from './large-outputs.js';
import type { RunHistory } from './run-history.js';

/** Why nothing more of a run can be written here. */
export class JournalClosedError extends Error {
  override readonly name = 'JournalClosedError';
  constructor(
    readonly reason: 'lease_lost' | 'rejected' | 'dropped',
    options?: { cause?: unknown },
  ) {
    super(`journal closed: ${reason}`, options);
  }
}

/** What closes the journal of a run that leaves. One for all: its stack would cost more than the rest of the leaving. */
export const JOURNAL_DROPPED = new JournalClosedError('dropped');

export interface NewEntry {
  readonly type: RunEventType;
  readonly step?: string;
  readonly attempt?: number;
  readonly at: number;
  /** With it the row spans two events: the opening one happened at this time. */
  readonly openedAt?: number;
  /** When the step's opening has a row of its own. */
  readonly startedAt?: number;
  readonly data: JsonObject;
  /** Applied to the serialised data before it is hashed: masks secrets. */
  readonly redact?: ((text: string) => string) | undefined;
}

/** A cancel was accepted before the run's end could be written: the run must end as cancelled instead. */
export class EndRefusedError extends Error {
  override readonly name = 'EndRefusedError';
}

/** What a journal needs of the engine around it. */
export interface JournalHost {
  readonly outputs: LargeOutputs;
  readonly logger: EngineLogger;
  /** There is something to write. */
  readonly onDirty: (journal: RunJournal) => void;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;

interface Waiter {
  readonly seq: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The write side of one run's journal in the process that holds its lease. Rows get their sequence number and hash when
 * they are appended, and become durable in that order, a few at a time, when the group commit takes them along.
 */
export class RunJournal {
  private pending: JournalEntry[] = [];
  private waiters: Waiter[] = [];
  private closed: JournalClosedError | null = null;
  private committedSeq: number;
  /** Numbers of pending rows whose outputs are on their way to where large ones are kept. */
  private readonly storing = new Set<number>();
  transition: LeaseTransition | null = null;
  /** Told when the journal is closed, whether or not anybody waits for a commit. */
  onClosed: ((reason: JournalClosedError) => void) | null = null;

  constructor(
    readonly runId: string,
    readonly tenant: string,
    readonly epoch: number,
    private readonly history: RunHistory,
    private readonly host: JournalHost,
  ) {
    this.committedSeq = history.lastSeq;
  }

  get lastSeq(): number {
    return this.history.lastSeq;
  }

  get isClosed(): boolean {
    return this.closed !== null;
  }

  /** Appends a row; it is visible to nobody until it is committed. Ignored once the journal is closed. */
  append(entry: NewEntry): void {
    if (this.closed !== null) return;
    const plain = JSON.stringify(entry.data);
    const text = entry.redact === undefined ? plain : entry.redact(plain);
    const data = text === plain ? entry.data : (JSON.parse(text) as JsonObject);
    const step = entry.step ?? null;
    const large = this.host.outputs.takeOut({ runId: this.runId, type: entry.type, step, text, data });
    const span = entry.openedAt === undefined ? 1 : 2;
    const row: Omit<JournalEntry, 'hash'> = {
      runId: this.runId,
      seq: this.history.lastSeq + span,
      span,
      type: entry.type,
      step,
      attempt: entry.attempt ?? 0,
      at: Math.max(entry.at, this.history.lastAt),
      startedAt: entry.openedAt ?? entry.startedAt ?? null,
      data: large === null ? text : large.data,
    };
    const complete: JournalEntry = { ...row, hash: chainHash(this.history.lastHash, row) };
    this.history.apply(complete, data);
    this.pending.push(complete);
    if (large === null) this.host.onDirty(this);
    else void this.store(complete.seq, large);
  }

  /** Ends, parks or releases the lease in the same commit as everything appended so far. */
  finish(transition: LeaseTransition): Promise<void> {
    if (this.closed !== null) return Promise.reject(this.closed);
    this.transition = transition;
    this.host.onDirty(this);
    return new Promise((resolve, reject) => this.wait(Number.MAX_SAFE_INTEGER, resolve, reject));
  }

  /** Resolves when everything appended so far is committed. */
  durable(): Promise<void> | undefined {
    if (this.closed !== null) return Promise.reject(this.closed);
    const seq = this.history.lastSeq;
    if (this.committedSeq >= seq) return undefined;
    return new Promise((resolve, reject) => this.wait(seq, resolve, reject));
  }

  /**
   * For the group commit: hands over what is to be written now. A row waits until its output is stored, and with it all that
   * comes after, so that a row that is committed never names an output that is not there.
   */
  take(): { entries: JournalEntry[]; transition: LeaseTransition | null } {
    if (this.storing.size > 0) return { entries: this.takeStored(), transition: null };
    const taken = { entries: this.pending, transition: this.transition };
    this.pending = [];
    this.transition = null;
    return taken;
  }

  /** For the group commit: rows up to `seq` are durable; with `finished`, the lease is gone with them. */
  committed(seq: number, finished: boolean): void {
    this.committedSeq = Math.max(this.committedSeq, seq);
    if (this.waiters.length === 0) return;
    const due = this.waiters.filter((waiter) => finished || waiter.seq <= this.committedSeq);
    if (due.length === 0) return;
    this.waiters = this.waiters.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.resolve();
  }

  /**
   * For the group commit: the end was refused for a cancel that came first. The terminal row, always the last one, is
   * taken back; the rows before it stay pending and go with the next flush.
   */
  retractEnd(entries: readonly JournalEntry[]): void {
    const kept = entries.slice(0, -1);
    const terminal = entries.at(-1);
    if (terminal === undefined) return;
    this.history.retract(terminal);
    this.pending = [...kept, ...this.pending];
    const waiters = this.waiters.filter((waiter) => waiter.seq === Number.MAX_SAFE_INTEGER);
    this.waiters = this.waiters.filter((waiter) => waiter.seq !== Number.MAX_SAFE_INTEGER);
    for (const waiter of waiters) waiter.reject(new EndRefusedError('a cancel was accepted first'));
  }

  /** Refuses everything from now on and fails whoever waits. */
  close(reason: JournalClosedError): void {
    if (this.closed !== null) return;
    this.closed = reason;
    this.pending = [];
    // Without its rows, an end that waits to be written must not be written either.
    this.transition = null;
    const waiters = this.waiters;
    this.waiters = [];
    for (const waiter of waiters) waiter.reject(reason);
    this.onClosed?.(reason);
  }

  private takeStored(): JournalEntry[] {
    const first = this.pending.findIndex(({ seq }) => this.storing.has(seq));
    return this.pending.splice(0, first);
  }

  /** Stores an output, for as long as it takes and the journal is open. */
  private async store(seq: number, output: LargeOutput): Promise<void> {
    const { runId, tenant, epoch } = this;
    this.storing.add(seq);
    for (let delay = FIRST_RETRY_MS; this.closed === null; delay = Math.min(delay * 2, LAST_RETRY_MS)) {
      try {
        await this.host.outputs.store({ runId, tenant, epoch }, output);
        this.storing.delete(seq);
        return this.host.onDirty(this);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) {
          const lost = error instanceof StepError && error.code === 'lease_lost';
          return this.close(new JournalClosedError(lost ? 'lease_lost' : 'rejected', { cause: error }));
        }
        this.host.logger.warn({ err: error, run_id: runId, retry_in_ms: delay }, 'a large output could not be stored, will try again');
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }

  private wait(seq: number, resolve: () => void, reject: (error: Error) => void): void {
    if (this.closed !== null) reject(this.closed);
    else this.waiters.push({ seq, resolve, reject });
  }
}
