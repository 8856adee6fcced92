import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { ADVISORY_LOCK } from '../../platform/database/index.js';
import { BackgroundLoop, ShutdownRegistry } from '../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import { JournalPartitions, type JournalPartition, RunRemovals, RunRemover, timeOfId } from '../runs/index.js';
import { type ExpiredRun, RetentionStore } from './retention-store.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const RUNS_AT_A_TIME = 500;
/** Journal rows of one transaction, beyond those of its first run. */
const ROWS_AT_A_TIME = 20_000;
/** Between two passes: a twentieth of the shortest time that anything is kept, within these. */
const SOONEST_MS = 1_000;
const LATEST_MS = 5 * 60_000;
/** A partition that has ended may still get a run whose id was reserved before. */
const PARTITION_GRACE_MS = DAY_MS;

interface Pass {
  readonly partitions: readonly JournalPartition[];
  /** Whether a partition can go as a whole, as far as it has been asked. */
  readonly dropped: Map<JournalPartition, boolean>;
}

/**
 * Deletes runs that have outlived their retention, oldest first, a bounded number at a time, on one node at a time. A partition
 * of the journal all of whose runs can go is dropped instead of emptied: first its runs go, then the partition.
 */
@Injectable()
export class RetentionLoop implements OnApplicationBootstrap {
  private readonly loop: BackgroundLoop;

  constructor(
    private readonly store: RetentionStore,
    private readonly removals: RunRemovals,
    private readonly remover: RunRemover,
    private readonly partitions: JournalPartitions,
    private readonly shutdown: ShutdownRegistry,
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.loop = new BackgroundLoop({ name: 'retention', logger, retryMs: 10_000, round: () => this.round() });
  }

  onApplicationBootstrap(): void {
    if (this.config.role === 'api') return;
    this.loop.start();
    this.shutdown.register('stop-accepting', 'retention', () => this.stop());
  }

  private stopping = false;

  private stop(): Promise<void> {
    this.stopping = true;
    return this.loop.stop();
  }

  private async round(): Promise<number> {
    const days = await this.store.shortestDays();
    if (days !== null) await this.deleteExpired();
    await this.dropEmptyPartitions();
    return days === null ? LATEST_MS : Math.min(LATEST_MS, Math.max(SOONEST_MS, (days * DAY_MS) / 20));
  }

  private async deleteExpired(): Promise<void> {
    const pass: Pass = { partitions: (await this.partitions.list()).filter(hasEnded), dropped: new Map() };
    let deleted = 0;
    for (let after = FIRST_ID; !this.stopping;) {
      const page = await this.store.expired(after, RUNS_AT_A_TIME);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.id;
      const count = await this.deleteAll(pass, page);
      if (count === null) break;
      deleted += count;
    }
    if (deleted > 0) this.logger.info({ runs: deleted }, 'expired runs deleted');
  }

  /** Answers how many went; null when another node is at it. */
  private async deleteAll(pass: Pass, page: readonly ExpiredRun[]): Promise<number | null> {
    const kept = await this.removals.kept(page);
    let deleted = 0;
    for (const batch of batchesOf(page.filter(({ id }) => !kept.has(id)))) {
      const ids = batch.map(({ id }) => id);
      const left = await this.withDroppedPartitions(pass, ids);
      const removed = await this.dataSource.transaction(async (manager) => {
        const [lock] = await manager.query<{ got: boolean }[]>('SELECT pg_try_advisory_xact_lock($1) AS got', [
          String(ADVISORY_LOCK.retention),
        ]);
        return lock?.got === true ? this.remover.remove(manager, ids, left) : null;
      });
      if (removed === null) return null;
      deleted += removed.length;
    }
    return deleted;
  }

  /** Those of the runs whose journal goes with its partition. */
  private async withDroppedPartitions({ partitions, dropped }: Pass, ids: readonly string[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (const id of ids) {
      const at = timeOfId(id);
      const partition = partitions.find(({ from, to }) => from <= at && at < to);
      if (partition === undefined) continue;
      if (!dropped.has(partition)) dropped.set(partition, await this.store.isExpired(partition));
      if (dropped.get(partition) === true) found.add(id);
    }
    return found;
  }

  private async dropEmptyPartitions(): Promise<void> {
    for (const partition of await this.partitions.list()) {
      if (this.stopping || !hasEnded(partition)) return;
      if (await this.partitions.drop(partition))
        this.logger.info({ partition: partition.name, bytes: partition.bytes }, 'a partition of the journal is dropped');
    }
  }
}

function hasEnded({ to }: JournalPartition): boolean {
  return to + PARTITION_GRACE_MS < Date.now();
}

/** In order; each with a bounded number of journal rows. */
function* batchesOf(runs: readonly ExpiredRun[]): Generator<readonly ExpiredRun[]> {
  let batch: ExpiredRun[] = [];
  let rows = 0;
  for (const run of runs) {
    if (batch.length > 0 && rows + run.events > ROWS_AT_A_TIME) {
      yield batch;
      batch = [];
      rows = 0;
    }
    batch.push(run);
    rows += run.events;
  }
  if (batch.length > 0) yield batch;
}
