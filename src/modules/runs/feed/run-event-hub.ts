import { Injectable } from '@nestjs/common';
import type { JournalEntry } from '../../../engine/index.js';

/** Told of every row this process commits for a run; null means that something of the run was committed elsewhere. */
export type RunListener = (entry: JournalEntry | null) => void;

/**
 * Turns "rows were committed" into wake-ups of whoever reads them. It carries no events: readers always read the
 * journal, so a lost or doubled wake-up costs at most a poll, never an event.
 */
@Injectable()
export class RunEventHub {
  private readonly byRun = new Map<string, Set<RunListener>>();
  private readonly onAny = new Set<() => void>();

  /** Listens to one run. Call the answer to stop. */
  subscribe(runId: string, listener: RunListener): () => void {
    let listeners = this.byRun.get(runId);
    if (listeners === undefined) this.byRun.set(runId, (listeners = new Set()));
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.byRun.get(runId) === listeners) this.byRun.delete(runId);
    };
  }

  /** Listens to everything, once per commit. */
  subscribeAny(listener: () => void): () => void {
    this.onAny.add(listener);
    return () => this.onAny.delete(listener);
  }

  /** Rows this process has committed. */
  committed(entries: readonly JournalEntry[]): void {
    if (this.byRun.size > 0) {
      for (const entry of entries) {
        for (const listener of this.byRun.get(entry.runId) ?? []) listener(entry);
      }
    }
    for (const listener of this.onAny) listener();
  }

  /** Runs another process has committed rows of; null when it could not name them all. */
  hinted(runIds: readonly string[] | null): void {
    for (const runId of runIds ?? this.byRun.keys()) {
      for (const listener of this.byRun.get(runId) ?? []) listener(null);
    }
    for (const listener of this.onAny) listener();
  }
}
