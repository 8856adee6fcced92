import type { WaitRecord } from '../journal/run-history.js';
import type { Json } from '../model/json.js';
import type { Arrivals, ChildState } from '../ports/run-store.js';

export type WaitResult =
  | { readonly kind: 'due' }
  | { readonly kind: 'child'; readonly state: ChildState }
  | { readonly kind: 'signal'; readonly id: number; readonly payload: Json }
  | { readonly kind: 'aborted' };

interface Wait {
  readonly path: string;
  readonly record: WaitRecord;
  readonly resolve: (result: WaitResult) => void;
}

/** The things one run waits for at the moment, all in memory; what they are is in the journal. */
export class WaitSet {
  private readonly waits = new Set<Wait>();

  get size(): number {
    return this.waits.size;
  }

  add(path: string, record: WaitRecord, scope?: AbortSignal): Promise<WaitResult> {
    return new Promise((resolve) => {
      const wait: Wait = { path, record, resolve };
      this.waits.add(wait);
      scope?.addEventListener('abort', () => this.finish(wait, { kind: 'aborted' }), { once: true });
    });
  }

  paths(): string[] {
    return [...new Set([...this.waits].map((wait) => wait.path))];
  }

  records(): { path: string; wait: WaitRecord }[] {
    return [...this.waits].map(({ path, record }) => ({ path, wait: record }));
  }

  childIds(): string[] {
    return [...this.waits].flatMap(({ record }) => (record.kind === 'child' ? [record.run_id] : []));
  }

  /** Whether something other than time can end a wait. */
  hasExternal(): boolean {
    return [...this.waits].some(({ record }) => record.kind !== 'timer');
  }

  hasSignals(): boolean {
    return [...this.waits].some(({ record }) => record.kind === 'signal');
  }

  /** Epoch milliseconds at which the first wait is over by time alone, or null. */
  nextDue(): number | null {
    let next: number | null = null;
    for (const { record } of this.waits) {
      const due = dueAt(record);
      if (due !== null && (next === null || due < next)) next = due;
    }
    return next;
  }

  fireDue(now: number): void {
    for (const wait of this.waits) {
      const due = dueAt(wait.record);
      if (due !== null && due <= now) this.finish(wait, { kind: 'due' });
    }
  }

  /** Hands over children that ended and signals that came; each signal goes to the first wait of its name, once. */
  deliver(arrivals: Arrivals, taken: Set<number>): void {
    for (const wait of this.waits) {
      const { record } = wait;
      if (record.kind === 'child') {
        const state = arrivals.children.find((child) => child.runId === record.run_id);
        if (state !== undefined) this.finish(wait, { kind: 'child', state });
      } else if (record.kind === 'signal') {
        const signal = arrivals.signals.find((candidate) => candidate.name === record.name && !taken.has(candidate.id));
        if (signal !== undefined) {
          taken.add(signal.id);
          this.finish(wait, { kind: 'signal', id: signal.id, payload: signal.payload });
        }
      }
    }
  }

  abortAll(): void {
    for (const wait of this.waits) this.finish(wait, { kind: 'aborted' });
  }

  private finish(wait: Wait, result: WaitResult): void {
    this.waits.delete(wait);
    wait.resolve(result);
  }
}

function dueAt(record: WaitRecord): number | null {
  return record.kind === 'timer' ? record.until : (record.deadline ?? null);
}
