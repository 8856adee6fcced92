import { randomUUID } from 'node:crypto';
import { LargeOutputs } from '../../src/engine/journal/large-outputs.js';
import { RunHistory } from '../../src/engine/journal/run-history.js';
import { RunJournal } from '../../src/engine/journal/run-journal.js';
import { newRun } from '../../src/engine/kernel/new-run.js';
import {
  silentLogger,
  type JournalEntry,
  type JournalWrite,
  type LeaseTransition,
  type NewRun,
  type RunStore,
} from '../../src/engine/index.js';

const TENANT = 'default';
const HOST = { outputs: new LargeOutputs(null, 0), logger: silentLogger, onDirty: () => {} };

/** A run leased to its creator at epoch 1, for a time the store will soon find over. */
export function shortLivedRun(): NewRun {
  const definition = {
    versionId: randomUUID(),
    workflowId: randomUUID(),
    tenant: TENANT,
    name: 'durability/none',
    version: 1,
    source: 'api',
    definition: { name: 'durability/none', nodes: [] },
  };
  return newRun(randomUUID(), { tenant: TENANT, definition, inputs: {}, trigger: 'api' }, Date.now(), true);
}

/** What a worker believes of a run it holds, or once held: its journal as it read it, at its epoch. */
export class StoreWorker {
  private readonly history: RunHistory;
  private readonly journal: RunJournal;

  constructor(
    readonly runId: string,
    readonly epoch: number,
    entries: readonly JournalEntry[],
    private readonly name: string,
  ) {
    this.history = RunHistory.from(entries);
    this.journal = new RunJournal(runId, TENANT, epoch, this.history, HOST);
  }

  /** Claims what is claimable and reads its journals. */
  static async claimAll(store: RunStore, name: string, leaseMs = 60_000): Promise<StoreWorker[]> {
    const claimed = await store.claimRuns({ owner: name, leaseMs, limit: 1_000 });
    const journals = await store.loadJournals(claimed.map((run) => run.id));
    return claimed.map((run) => new StoreWorker(run.id, run.epoch, journals.get(run.id) ?? [], name));
  }

  /** Whether the journal it read, or what it wrote since, has the step. */
  knows(path: string): boolean {
    return this.history.steps.has(path);
  }

  /** The write of a finished step. */
  step(path: string): JournalWrite {
    const at = Date.now();
    this.journal.append({ type: 'step.completed', step: path, attempt: 1, at, openedAt: at, data: { output: this.name } });
    return this.write(null);
  }

  end(status: 'success' | 'failed'): JournalWrite {
    const at = Date.now();
    if (status === 'success') this.journal.append({ type: 'run.completed', at, data: { outputs: this.name } });
    else this.journal.append({ type: 'run.failed', at, data: { error: { code: 'x', message: this.name } } });
    return this.write({ kind: 'end', status, error: status === 'failed' ? { code: 'x', message: this.name } : null, at });
  }

  park(): JournalWrite {
    this.journal.append({ type: 'run.waiting', at: Date.now(), data: {} });
    return this.write({ kind: 'park', wakeInMs: null, wakes: 0 });
  }

  release(): JournalWrite {
    return this.write({ kind: 'release' });
  }

  private write(transition: LeaseTransition | null): JournalWrite {
    const { entries } = this.journal.take();
    return { runId: this.runId, tenant: TENANT, epoch: this.epoch, entries, transition };
  }
}
