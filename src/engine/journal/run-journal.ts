import type { JsonObject } from '../model/json.js';
import type { RunEventType } from '../model/run-event.js';
import type { LeaseTransition } from '../ports/run-store.js';
import { chainHash } from './hash-chain.js';
import type { JournalEntry } from './journal-entry.js';
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
  transition: LeaseTransition | null = null;
  /** Told when the journal is closed, whether or not anybody waits for a commit. */
  onClosed: ((reason: JournalClosedError) => void) | null = null;

  constructor(
    readonly runId: string,
    readonly tenant: string,
    readonly epoch: number,
    private readonly history: RunHistory,
    private readonly onDirty: (journal: RunJournal) => void,
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
    const text = JSON.stringify(entry.data);
    const span = entry.openedAt === undefined ? 1 : 2;
    const row: Omit<JournalEntry, 'hash'> = {
      runId: this.runId,
      seq: this.history.lastSeq + span,
      span,
      type: entry.type,
      step: entry.step ?? null,
      attempt: entry.attempt ?? 0,
      at: Math.max(entry.at, this.history.lastAt),
      startedAt: entry.openedAt ?? entry.startedAt ?? null,
      data: entry.redact === undefined ? text : entry.redact(text),
    };
    const complete: JournalEntry = { ...row, hash: chainHash(this.history.lastHash, row) };
    this.history.apply(complete, row.data === text ? entry.data : (JSON.parse(row.data) as JsonObject));
    this.pending.push(complete);
    this.onDirty(this);
  }

  /** Ends, parks or releases the lease in the same commit as everything appended so far. */
  finish(transition: LeaseTransition): Promise<void> {
    if (this.closed !== null) return Promise.reject(this.closed);
    this.transition = transition;
    this.onDirty(this);
    return new Promise((resolve, reject) => this.wait(Number.MAX_SAFE_INTEGER, resolve, reject));
  }

  /** Resolves when everything appended so far is committed. */
  durable(): Promise<void> | undefined {
    if (this.closed !== null) return Promise.reject(this.closed);
    const seq = this.history.lastSeq;
    if (this.committedSeq >= seq) return undefined;
    return new Promise((resolve, reject) => this.wait(seq, resolve, reject));
  }

  /** For the group commit: hands over what is to be written now. */
  take(): { entries: JournalEntry[]; transition: LeaseTransition | null } {
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

  private wait(seq: number, resolve: () => void, reject: (error: Error) => void): void {
    if (this.closed !== null) reject(this.closed);
    else this.waiters.push({ seq, resolve, reject });
  }
}
