import { crashPoint } from '../crash-points.js';
import type { EngineLogger } from '../ports/logger.js';
import { StoreUnavailableError, type AppendResult, type JournalWrite, type RunStore } from '../ports/run-store.js';
import type { JournalEntry } from './journal-entry.js';
import { JournalClosedError, type RunJournal } from './run-journal.js';

/** Rows of one flush. A larger backlog goes in several, so that one giant statement never stalls everybody. */
const MAX_ROWS_PER_FLUSH = 4_000;
/** Payload bytes of one flush, beyond its first run. */
const MAX_BYTES_PER_FLUSH = 8 * 1024 * 1024;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;

export interface GroupCommitEvents {
  /** After a commit, in journal order per run. */
  readonly onCommitted: (entries: readonly JournalEntry[]) => void;
  /** Runs that got ready or were woken by what was committed. */
  readonly onWoken: (runIds: readonly string[]) => void;
}

interface Batch {
  readonly journals: RunJournal[];
  readonly writes: JournalWrite[];
}

/**
 * One lane of the journal: everything that queued up while the last flush was in flight goes in one durable statement.
 * Idle latency is one commit, throughput grows with the load, and a commit is never shared by two lanes of one run.
 */
export class GroupCommit {
  private dirty = new Set<RunJournal>();
  private flushing = false;
  private stopped = false;
  private idle: (() => void)[] = [];

  constructor(
    private readonly store: RunStore,
    private readonly events: GroupCommitEvents,
    private readonly logger: EngineLogger,
  ) {}

  /** Queues a journal that has something to write. */
  readonly enqueue = (journal: RunJournal): void => {
    this.dirty.add(journal);
    if (this.flushing || this.stopped) return;
    this.flushing = true;
    // One turn of the loop later, so that whatever this tick appends still goes along.
    setImmediate(() => void this.flushAll());
  };

  /** Resolves when nothing is queued or in flight. */
  async settled(): Promise<void> {
    if (this.flushing) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  /** Stops retrying against an unreachable store; journals that still have something to write are closed. */
  stop(): void {
    this.stopped = true;
  }

  private async flushAll(): Promise<void> {
    while (this.dirty.size > 0) {
      const batch = this.nextBatch();
      if (batch.writes.length > 0) await this.flush(batch);
    }
    this.flushing = false;
    const waiting = this.idle;
    this.idle = [];
    for (const resolve of waiting) resolve();
  }

  private nextBatch(): Batch {
    const batch: Batch = { journals: [], writes: [] };
    let rows = 0;
    let bytes = 0;
    const runs = new Set<string>();
    for (const journal of this.dirty) {
      if (rows >= MAX_ROWS_PER_FLUSH || bytes >= MAX_BYTES_PER_FLUSH) break;
      // A run that left and came back: what becomes of a write is told by run, so its two leases do not share a flush.
      if (runs.has(journal.runId)) continue;
      this.dirty.delete(journal);
      const { entries, transition } = journal.take();
      if (entries.length === 0 && transition === null) continue;
      rows += entries.length;
      for (const entry of entries) bytes += entry.data.length;
      runs.add(journal.runId);
      batch.journals.push(journal);
      batch.writes.push({ runId: journal.runId, tenant: journal.tenant, epoch: journal.epoch, entries, transition });
    }
    return batch;
  }

  private async flush(batch: Batch): Promise<void> {
    const ending = batch.writes.some((write) => write.transition?.kind === 'end');
    const parking = batch.writes.some((write) => write.transition?.kind === 'park');
    crashPoint('journal.before-commit');
    if (ending) crashPoint('end.before-commit');
    if (parking) crashPoint('park.before-commit');
    const result = await this.appendReliably(batch);
    crashPoint('journal.after-commit');
    if (ending) crashPoint('end.after-commit');
    if (parking) crashPoint('park.after-commit');

    const committed: JournalEntry[] = [];
    batch.writes.forEach((write, index) => {
      const journal = batch.journals[index] as RunJournal;
      const failure = result.failed.get(write.runId);
      if (failure !== undefined) {
        journal.close(new JournalClosedError('rejected', { cause: failure }));
      } else if (result.lost.has(write.runId)) {
        journal.close(new JournalClosedError('lease_lost'));
      } else if (result.cancelFirst.has(write.runId)) {
        journal.retractEnd(write.entries);
      } else {
        for (const entry of write.entries) committed.push(entry);
        journal.committed(write.entries.at(-1)?.seq ?? 0, write.transition !== null);
      }
    });
    if (committed.length > 0) this.events.onCommitted(committed);
    if (result.woken.length > 0) this.events.onWoken(result.woken);
  }

  /**
   * Appends until the store answers. A lost connection leaves the outcome unknown, so what did reach the journal is
   * looked up by hash before the rest is tried again: a row is never written twice and never given up.
   */
  private async appendReliably(batch: Batch): Promise<AppendResult> {
    let writes: readonly JournalWrite[] = batch.writes;
    let delay = FIRST_RETRY_MS;
    for (;;) {
      try {
        if (writes === batch.writes) return await this.store.append(writes);
        const done = await this.store.findCommitted(writes);
        writes = writes.filter((write) => !done.has(write.runId));
        return await this.appendAgain(writes);
      } catch (error) {
        if (this.stopped || !(error instanceof StoreUnavailableError)) {
          this.logger.error({ err: error, runs: writes.length }, 'journal write failed');
          const cause = error instanceof Error ? error : new Error(String(error));
          return { lost: new Set(), cancelFirst: new Set(), failed: new Map(writes.map((write) => [write.runId, cause])), woken: [] };
        }
        this.logger.warn({ err: error, runs: writes.length, retry_in_ms: delay }, 'journal store unavailable, will try again');
        await new Promise((resolve) => setTimeout(resolve, delay));
        delay = Math.min(delay * 2, LAST_RETRY_MS);
        writes = [...writes];
      }
    }
  }

  /**
   * The lost statement may still be under way in the store, and be committed while this one waits behind it: what is
   * refused then, as a duplicate or for a lease that ended with the commit, is in the journal.
   */
  private async appendAgain(writes: readonly JournalWrite[]): Promise<AppendResult> {
    if (writes.length === 0) return { lost: new Set(), cancelFirst: new Set(), failed: new Map(), woken: [] };
    const result = await this.store.append(writes);
    const refused = writes.filter(({ runId }) => result.lost.has(runId) || result.failed.has(runId));
    if (refused.length === 0) return result;
    const done = await this.store.findCommitted(refused);
    return {
      ...result,
      lost: new Set([...result.lost].filter((runId) => !done.has(runId))),
      failed: new Map([...result.failed].filter(([runId]) => !done.has(runId))),
    };
  }
}
