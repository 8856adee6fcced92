import { randomBytes } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { DoctorRegistry, type Finding } from '../../platform/doctor/index.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import { ArtifactStore } from './artifact-store.js';
import { ContentStorages } from './storage/content-storages.js';

const PROBE_BYTES = 1_024;
const LIMIT_MS = 8_000;
const TENANT = 'default';

/** Whether files can be kept: a small one is written, read and deleted where artifacts go. */
@Injectable()
export class ArtifactsCheck implements OnModuleInit {
  constructor(
    private readonly doctor: DoctorRegistry,
    private readonly store: ArtifactStore,
    private readonly storages: ContentStorages,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.doctor.register('artifacts', () => this.look());
  }

  private async look(): Promise<Finding> {
    const { kind } = this.storages.current;
    try {
      return {
        status: 'ok',
        message: 'files of runs can be written, read and deleted',
        details: { storage: kind, ...(await this.probe()) },
      };
    } catch (error) {
      this.logger.error({ err: error, storage: kind }, 'the storage of artifacts does not work');
      const message = 'files of runs cannot be kept: look at HEDDLE_ARTIFACTS and at what it names; the log has the reason';
      return { status: 'error', message, details: { storage: kind } };
    }
  }

  /** What is left of a probe that failed is swept like anything that was never finished. */
  private async probe(): Promise<{ readonly duration_ms: number }> {
    const startedAt = performance.now();
    const storage = this.storages.current;
    const id = uuidv7();
    const content = randomBytes(PROBE_BYTES);
    await this.store.beginContent(id, TENANT, storage.kind);
    try {
      await storage.write({ id, tenant: TENANT, body: once(content), signal: AbortSignal.timeout(LIMIT_MS) });
      const read: Uint8Array[] = [];
      for await (const piece of storage.read(id, { start: 0, end: PROBE_BYTES - 1 })) read.push(piece);
      if (!Buffer.concat(read).equals(content)) throw new Error('what was read is not what was written');
      await storage.delete(id);
    } finally {
      await this.store.abandonContent(id);
    }
    await this.store.forgetContent(id);
    return { duration_ms: Math.round(performance.now() - startedAt) };
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}
