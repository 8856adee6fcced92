import { crashPoint } from '../crash-points.js';
import type { CreateOutcome, NewRun, RunStore } from '../ports/run-store.js';

const MAX_RUNS_PER_BATCH = 500;

interface Waiting {
  readonly run: NewRun;
  readonly resolve: (outcome: CreateOutcome) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Creates runs the way the journal is written: at once when idle, otherwise everything that came while the last batch
 * was in flight goes in one statement.
 */
export class CreateBatcher {
  private queue: Waiting[] = [];
  private busy = false;

  constructor(
    private readonly store: RunStore,
    private readonly owner: string,
    private readonly leaseMs: number,
  ) {}

  create(run: NewRun): Promise<CreateOutcome> {
    return new Promise((resolve, reject) => {
      this.queue.push({ run, resolve, reject });
      if (this.busy) return;
      this.busy = true;
      setImmediate(() => void this.drain());
    });
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue.splice(0, MAX_RUNS_PER_BATCH);
      crashPoint('create.before-commit');
      try {
        const outcomes = await this.store.createRuns({ runs: batch.map(({ run }) => run), owner: this.owner, leaseMs: this.leaseMs });
        crashPoint('create.after-commit');
        batch.forEach(({ resolve, reject }, index) => {
          const outcome = outcomes[index];
          if (outcome === undefined || outcome instanceof Error) reject(outcome ?? new Error('the store gave no outcome'));
          else resolve(outcome);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
    this.busy = false;
  }
}
