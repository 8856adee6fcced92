import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { BackgroundLoop, ShutdownRegistry } from '../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import { ArtifactStore } from './artifact-store.js';
import { ContentStorages } from './storage/content-storages.js';

const DAY_MS = 24 * 60 * 60_000;
const EVERY_MS = 60_000;
const AT_A_TIME = 500;
const CONTENTS_AT_A_TIME = 50;
/** The lowest id there is. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
/**
 * How long a content stays after it became garbage, for those who read it; how long a writer may be silent; and how long an
 * artifact may be there before its run is (results that a resumed run keeps).
 */
export const GRACE_MS = 60 * 60_000;

/** Deletes what is not needed any more: expired files, artifacts of runs that are gone, contents of what was deleted or never finished. */
@Injectable()
export class ArtifactSweep implements OnApplicationBootstrap {
  private readonly loop: BackgroundLoop;
  /** Where the walk over all artifacts has come to. */
  private walkedTo = FIRST_ID;

  constructor(
    private readonly store: ArtifactStore,
    private readonly storages: ContentStorages,
    private readonly shutdown: ShutdownRegistry,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.loop = new BackgroundLoop({ name: 'artifact sweep', logger, retryMs: EVERY_MS, round: () => this.sweep() });
  }

  onApplicationBootstrap(): void {
    if (this.config.role === 'api') return;
    this.loop.start();
    this.shutdown.register('stop-accepting', 'artifact sweep', () => this.loop.stop());
  }

  /** One round in bounded steps. Answers after how many milliseconds the next one is due: at once while there is more to do. */
  async sweep(graceMs = GRACE_MS): Promise<number> {
    const expired = await this.deleteExpired();
    const walkedOn = await this.deleteOrphans(graceMs);
    const purged = await this.purge(graceMs);
    return expired === AT_A_TIME || walkedOn || purged === CONTENTS_AT_A_TIME ? 0 : EVERY_MS;
  }

  private async deleteExpired(): Promise<number> {
    const { retentionDays } = this.config.artifacts;
    if (retentionDays === undefined) return 0;
    return await this.store.deleteFilesOfRunsEndedBefore(new Date(Date.now() - retentionDays * DAY_MS), AT_A_TIME);
  }

  /** One step of an endless walk. True unless it came to the end, where it pauses. */
  private async deleteOrphans(graceMs: number): Promise<boolean> {
    const ids = await this.store.idsAfter(this.walkedTo, AT_A_TIME);
    this.walkedTo = ids.at(-1) ?? FIRST_ID;
    if (ids.length > 0) await this.store.deleteOrphans(ids, graceMs);
    if (ids.length === AT_A_TIME) return true;
    this.walkedTo = FIRST_ID;
    return false;
  }

  private async purge(graceMs: number): Promise<number> {
    let purged = 0;
    for (const { id, storage } of await this.store.garbage(this.storages.kinds, graceMs, CONTENTS_AT_A_TIME)) {
      try {
        await this.storages.get(storage)?.delete(id);
        await this.store.forgetContent(id);
        purged += 1;
      } catch (error) {
        this.logger.warn({ err: error, content: id, storage }, 'the content of an artifact could not be deleted, will try again');
      }
    }
    return purged;
  }
}
