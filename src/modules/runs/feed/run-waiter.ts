import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { type JournalEntry, TERMINAL_EVENT_TYPES } from '../../../engine/index.js';
import { RunEventHub } from './run-event-hub.js';
import { jittered, WakeUp } from './wake-up.js';

/** A run that commits more rows here while it is waited for is read from the database at its end. */
const MAX_ROWS_KEPT = 500;
const POLL_MS = 2_000;

/**
 * Waits for one run's end, from before it is submitted. What this process commits of the run is kept, so that the end of
 * a run that was executed here needs no read.
 */
export class RunWait {
  private readonly wakeUp = new WakeUp();
  private entries: JournalEntry[] | null = [];
  private nextSeq = 1;
  private ended = false;
  private readonly unsubscribe: () => void;

  constructor(
    runId: string,
    hub: RunEventHub,
    private readonly isOver: () => Promise<boolean>,
  ) {
    this.unsubscribe = hub.subscribe(runId, (entry) => this.heard(entry));
  }

  /** True once the run is over; false when the time is, or when `signal` aborts. */
  async over(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    const stop = (): void => this.wakeUp.notify();
    signal.addEventListener('abort', stop);
    try {
      for (;;) {
        if (this.ended) return true;
        const left = deadline - performance.now();
        if (left <= 0 || signal.aborted) return false;
        const told = await this.wakeUp.wait(Math.min(left, jittered(POLL_MS)));
        // Woken without an end seen here: the run is executed elsewhere, or it is time for a look.
        if (!this.ended && !signal.aborted && (this.entries === null || !told)) this.ended = await this.isOver();
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** The whole journal of a run that was executed here from its first row to its last; null otherwise. */
  journal(): readonly JournalEntry[] | null {
    const last = this.entries?.at(-1);
    return last !== undefined && TERMINAL_EVENT_TYPES.has(last.type) ? this.entries : null;
  }

  /** The run was there before the waiting began: it may be over already. */
  missedBeginning(): void {
    this.heard(null);
  }

  stop(): void {
    this.unsubscribe();
  }

  private heard(entry: JournalEntry | null): void {
    if (entry === null) {
      this.entries = null;
      this.wakeUp.notify();
      return;
    }
    if (this.entries !== null) this.keep(entry);
    if (TERMINAL_EVENT_TYPES.has(entry.type)) {
      this.ended = true;
      this.wakeUp.notify();
    }
  }

  private keep(entry: JournalEntry): void {
    const follows = entry.seq - entry.span + 1 === this.nextSeq;
    if (!follows || this.entries === null || this.entries.length === MAX_ROWS_KEPT) {
      this.entries = null;
      return;
    }
    this.entries.push(entry);
    this.nextSeq = entry.seq + 1;
  }
}

@Injectable()
export class RunWaiter {
  constructor(
    private readonly hub: RunEventHub,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  /** Begins to wait for a run that may not exist yet. The caller stops it. */
  begin(tenant: string, runId: string): RunWait {
    return new RunWait(runId, this.hub, async () => {
      const [row] = await this.dataSource.query<{ over: boolean }[]>(
        'SELECT status IS NOT NULL AS over FROM runs WHERE id = $1 AND tenant_id = $2',
        [runId, tenant],
      );
      return row?.over === true;
    });
  }
}
