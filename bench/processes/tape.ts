import type { JournalWrite, NewRun, RunStore } from '../../src/engine/index.js';

/** One write of the engine to its store. */
export type Operation =
  | { readonly kind: 'append'; readonly writes: readonly JournalWrite[] }
  | { readonly kind: 'create'; readonly params: { readonly runs: readonly NewRun[]; readonly owner: string; readonly leaseMs: number } };

interface Recorded {
  readonly operation: Operation;
  /** How many operations had ended when this one began. */
  readonly endedBefore: number;
}

/** Everything an engine wrote, in the order it began to. */
export class Tape {
  private readonly recorded: Recorded[] = [];
  /** In the order they ended. */
  private readonly ended: number[] = [];
  private running = false;

  get operations(): Operation[] {
    return this.recorded.map(({ operation }) => operation);
  }

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

  /**
   * Performs every operation once, as many flushes side by side as there are lanes, and one creation; never two flushes of
   * one run. With `causes`, a run is created before it is written to and no earlier than in the recording.
   */
  async play(perform: (index: number) => Promise<void>, { lanes, causes }: { lanes: number; causes: boolean }): Promise<void> {
    const gates = { append: new Gate(lanes), create: new Gate(1) };
    const createdBy = new Map<string, Promise<void>>();
    const flushedBy = new Map<string, Promise<void>>();
    const done: Promise<void>[] = [];
    let ended = 0;
    let soFar: Promise<unknown> = Promise.resolve();
    for (const [index, { operation, endedBefore }] of this.recorded.entries()) {
      const newlyEnded = this.ended.slice(ended, endedBefore).map((other) => done[other]);
      if (newlyEnded.length > 0) soFar = Promise.all([soFar, ...newlyEnded]);
      ended = Math.max(ended, endedBefore);
      const runs = runsOf(operation);
      const after = promisesOf(runs, flushedBy);
      if (causes) after.push(...(operation.kind === 'create' ? [soFar] : promisesOf(runs, createdBy)));
      const played = Promise.all(after).then(() => gates[operation.kind].pass(() => perform(index)));
      for (const run of runs) (operation.kind === 'create' ? createdBy : flushedBy).set(run, played);
      done.push(played);
    }
    await Promise.all(done);
  }

  private async hear<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
    if (!this.running) return await work();
    const index = this.recorded.push({ operation, endedBefore: this.ended.length }) - 1;
    try {
      return await work();
    } finally {
      this.ended.push(index);
    }
  }
}

/** Lets so many through at once; the others wait in line. */
class Gate {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async pass(work: () => Promise<void>): Promise<void> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free += 1;
      else next();
    }
  }
}

function promisesOf(runs: readonly string[], by: ReadonlyMap<string, Promise<void>>): Promise<unknown>[] {
  return [...new Set(runs.flatMap((run) => by.get(run) ?? []))];
}

function runsOf(operation: Operation): string[] {
  return operation.kind === 'create' ? operation.params.runs.map((run) => run.id) : operation.writes.map((write) => write.runId);
}

export async function perform(store: RunStore, operation: Operation): Promise<void> {
  if (operation.kind === 'append') {
    const { lost, failed } = await store.append(operation.writes);
    if (lost.size + failed.size > 0) throw new Error('a recorded write was refused');
    return;
  }
  const outcomes = await store.createRuns(operation.params);
  if (outcomes.some((outcome) => outcome instanceof Error || outcome.outcome !== 'created')) throw new Error('a recorded run was refused');
}
