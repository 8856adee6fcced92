import type { JournalWrite, NewRun, RunStore } from '../../src/engine/index.js';

/** One write of the engine to its store. */
export type Operation =
  | { readonly kind: 'append'; readonly writes: readonly JournalWrite[] }
  | { readonly kind: 'create'; readonly params: { readonly runs: readonly NewRun[]; readonly owner: string; readonly leaseMs: number } };

interface Mark {
  readonly operation: number;
  readonly what: 'begin' | 'end';
}

/** All that an engine wrote, and which writes overlapped. */
export class Tape {
  readonly operations: Operation[] = [];
  readonly marks: Mark[] = [];
  private running = false;

  start(): void {
    this.running = true;
  }

  stop(): void {
    this.running = false;
  }

  /** The same store, heard. */
  record(store: RunStore): RunStore {
    const heard: Pick<RunStore, 'append' | 'createRuns'> = {
      append: (writes) => this.hear({ kind: 'append', writes }, () => store.append(writes)),
      createRuns: (params) => this.hear({ kind: 'create', params }, () => store.createRuns(params)),
    };
    return Object.assign(Object.create(store) as RunStore, heard);
  }

  /** Does every write again, none before those that had ended when it began. */
  async play(store: RunStore): Promise<void> {
    const inFlight = new Map<number, Promise<unknown>>();
    for (const { operation, what } of this.marks) {
      if (what === 'begin') inFlight.set(operation, perform(store, this.operations[operation] as Operation));
      else await inFlight.get(operation);
    }
  }

  private async hear<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
    if (!this.running) return await work();
    const index = this.operations.push(operation) - 1;
    this.marks.push({ operation: index, what: 'begin' });
    try {
      return await work();
    } finally {
      this.marks.push({ operation: index, what: 'end' });
    }
  }
}

async function perform(store: RunStore, operation: Operation): Promise<void> {
  if (operation.kind === 'append') {
    const { lost, failed } = await store.append(operation.writes);
    if (lost.size + failed.size > 0) throw new Error('a recorded write was refused');
    return;
  }
  const outcomes = await store.createRuns(operation.params);
  if (outcomes.some((outcome) => outcome instanceof Error || outcome.outcome !== 'created')) throw new Error('a recorded run was refused');
}
