import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import { StepError } from '../../../engine/index.js';
import { EventBus } from '../../../platform/events/index.js';
import { isUuid } from '../../../platform/http/cursor.js';
import { BackgroundLoop, ShutdownRegistry } from '../../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import '../../runs/index.js';
import { killOrphans } from '../process/orphans.js';
import { fateOf, readNote } from '../process/process-note.js';
import { identifyOwner } from '../process/process-table.js';
import { StepDirectory } from './step-directory.js';

const SWEEP_MS = 10 * 60_000;

/** Where the processes of a run work on this node. */
export interface Workspace {
  /** Shared by all steps of the run that are executed here, and kept until it ends. */
  readonly files: string;
  /** Of one attempt. */
  readonly step: StepDirectory;
  /** Removes the attempt's part; and the rest, when the run is over. */
  close(): Promise<void>;
}

interface Use {
  users: number;
  ended: boolean;
}

/**
 * Directories of runs, `HEDDLE_DATA_DIR/workspaces/<run id>`. One is removed when its run ends here; what a crash leaves, or an end
 * on another node, is swept. Processes that a former life of this server left running are killed before a run is executed.
 */
@Injectable()
export class Workspaces implements OnModuleInit, OnApplicationBootstrap {
  private readonly root: string;
  private readonly owner = identifyOwner(process.pid);
  /** Of the runs that have a directory of this process. */
  private readonly uses = new Map<string, Use>();
  private readonly removals = new Set<Promise<void>>();
  private attempts = 0;

  constructor(
    @Inject(CONFIG) config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly bus: EventBus,
    private readonly shutdown: ShutdownRegistry,
  ) {
    this.root = join(config.dataDir, 'workspaces');
  }

  async onModuleInit(): Promise<void> {
    for (const run of await this.runs()) {
      for (const directory of await this.stepsOf(run)) await killOrphans(directory, this.logger);
    }
  }

  onApplicationBootstrap(): void {
    const stopListening = this.bus.on('run.ended', ({ runId }) => this.runEnded(runId));
    const sweeping = new BackgroundLoop({ name: 'workspaces', logger: this.logger, round: () => this.sweep(), retryMs: SWEEP_MS });
    sweeping.start();
    this.shutdown.register('stop-work', 'workspace sweep', () => sweeping.stop());
    this.shutdown.register('close', 'workspaces', async () => {
      stopListening();
      await Promise.all(this.removals);
    });
  }

  async open(runId: string): Promise<Workspace> {
    const use = this.uses.get(runId) ?? { users: 0, ended: false };
    this.uses.set(runId, use);
    use.users += 1;
    const leave = async (step?: StepDirectory): Promise<void> => {
      if (step !== undefined) await this.attempt(step.remove());
      use.users -= 1;
      if (use.users === 0 && use.ended) await this.remove(runId);
    };
    try {
      const files = join(this.root, runId, 'files');
      const steps = join(this.root, runId, 'steps');
      await mkdir(files, { recursive: true, mode: 0o700 });
      await mkdir(steps, { recursive: true, mode: 0o700 });
      // Unique among all processes that ever used the directory.
      const name = `${process.pid}-${this.owner?.startTime ?? Date.now()}-${(this.attempts += 1)}`;
      const step = await StepDirectory.create(join(steps, name), this.owner);
      return { files, step, close: () => leave(step) };
    } catch (error) {
      await leave();
      this.logger.error({ err: error }, 'a workspace could not be made');
      throw new StepError(
        'workspace_failed',
        `The workspace of the run could not be made (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
      );
    }
  }

  private runEnded(runId: string): void {
    const use = this.uses.get(runId);
    if (use === undefined) return;
    use.ended = true;
    if (use.users === 0) void this.remove(runId);
  }

  private remove(runId: string): Promise<void> {
    this.uses.delete(runId);
    const removal = this.attempt(rm(join(this.root, runId), { recursive: true, force: true, maxRetries: 3 }));
    this.removals.add(removal);
    return removal.finally(() => this.removals.delete(removal));
  }

  /** Removes the directories of runs that are over, unless another process still works there. */
  private async sweep(): Promise<number> {
    const runs = (await this.runs()).filter((run) => (this.uses.get(run)?.users ?? 0) === 0);
    if (runs.length === 0) return SWEEP_MS;
    const rows = await this.dataSource.query<{ run_id: string }[]>('SELECT run_id FROM live_runs WHERE run_id = ANY ($1::uuid[])', [runs]);
    const live = new Set(rows.map(({ run_id: id }) => id));
    for (const run of runs) {
      if (!live.has(run) && !(await this.isWorkedIn(run))) await this.remove(run);
    }
    return SWEEP_MS;
  }

  private async isWorkedIn(run: string): Promise<boolean> {
    if ((this.uses.get(run)?.users ?? 0) > 0) return true;
    for (const directory of await this.stepsOf(run)) {
      const note = await readNote(directory);
      if (note !== null && note.owner.pid !== process.pid && fateOf(note.owner) === 'lives') return true;
    }
    return false;
  }

  private async runs(): Promise<string[]> {
    return (await entriesOf(this.root)).filter(isUuid);
  }

  private async stepsOf(run: string): Promise<string[]> {
    const steps = join(this.root, run, 'steps');
    return (await entriesOf(steps)).map((name) => join(steps, name));
  }

  /** What cannot be removed stays for the next sweep. */
  private async attempt(removal: Promise<void>): Promise<void> {
    try {
      await removal;
    } catch (error) {
      this.logger.warn({ err: error }, 'a workspace could not be removed');
    }
  }
}

async function entriesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
