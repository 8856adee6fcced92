import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import {
  type ArtifactRef,
  type Artifacts,
  type OutputRef,
  StepError,
  type StoreArtifact,
  type StoreOutput,
  StoreUnavailableError,
} from '../../engine/index.js';
import { isUnavailable } from '../../platform/database/index.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import { checkName, mediaTypeOf, refOf } from './artifact.js';
import { ArtifactStore, type NewArtifactRow } from './artifact-store.js';
import { MeteredBody } from './metered-body.js';
import { ContentMissingError } from './storage/content-storage.js';
import { ContentStorages } from './storage/content-storages.js';
import { S3Error } from './storage/s3-client.js';

/** How often a content that is being written gives a sign of life; the sweep waits many times as long. */
const TOUCH_MS = 5 * 60_000;

type NewRow = Omit<NewArtifactRow, 'contentId' | 'size' | 'sha256'>;

/** What the engine keeps outside of the journal: files of steps and large outputs. */
@Injectable()
export class RunArtifacts implements Artifacts {
  constructor(
    private readonly table: ArtifactStore,
    private readonly storages: ContentStorages,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async store(artifact: StoreArtifact): Promise<ArtifactRef> {
    const { tenant, runId, epoch, step, name, body, signal } = artifact;
    checkName(name);
    const mediaType = mediaTypeOf(name, artifact.mediaType);
    const row: NewRow = { id: uuidv7(), tenant, runId, epoch, kind: 'file', step, name, mediaType };
    try {
      return refOf({ ...(await this.keep(row, new MeteredBody(body, this.config.artifacts.limit), signal)), name, mediaType });
    } catch (error) {
      if (error instanceof StepError || signal.aborted) throw error;
      this.logger.error({ err: error, run_id: runId, step }, 'an artifact could not be stored');
      throw new StepError('artifact_storage_failed', 'The artifact could not be stored.', { cause: error });
    }
  }

  async storeOutput({ tenant, runId, epoch, step, ref, json }: StoreOutput): Promise<void> {
    const name = `${step === null ? 'outputs' : 'output'}.json`;
    const row: NewRow = { id: ref.id, tenant, runId, epoch, kind: 'output', step: step ?? '', name, mediaType: 'application/json' };
    try {
      await this.keep(row, new MeteredBody(inSlices(json), Infinity), new AbortController().signal);
    } catch (error) {
      throw passing(error) ? new StoreUnavailableError('large outputs cannot be stored at the moment', { cause: error }) : error;
    }
  }

  async loadOutput({ tenant, ref }: { tenant: string; ref: OutputRef }): Promise<string> {
    try {
      const artifact = await this.table.find(tenant, ref.id);
      const storage = artifact === null ? undefined : this.storages.get(artifact.content.storage);
      if (artifact === null || storage === undefined || artifact.size !== ref.size) throw missing();
      const parts: Uint8Array[] = [];
      for await (const part of storage.read(artifact.content.id, { start: 0, end: artifact.size - 1 })) parts.push(part);
      const json = Buffer.concat(parts);
      if (createHash('sha256').update(json).digest('hex') !== ref.sha256) throw missing();
      return json.toString();
    } catch (error) {
      if (error instanceof ContentMissingError) throw missing();
      throw passing(error) ? new StoreUnavailableError('large outputs cannot be read at the moment', { cause: error }) : error;
    }
  }

  /** Writes a content and makes an artifact of it; whatever fails leaves nothing that is not swept. */
  private async keep(row: NewRow, body: MeteredBody, signal: AbortSignal): Promise<{ id: string; size: number; sha256: string }> {
    const contentId = uuidv7();
    await this.table.beginContent(contentId, row.tenant, this.storages.current.kind);
    const touching = setInterval(() => void this.table.touchContent(contentId).catch(() => undefined), TOUCH_MS);
    touching.unref();
    try {
      await this.storages.current.write({ id: contentId, tenant: row.tenant, body, signal });
      const { size } = body;
      const sha256 = body.digest();
      const saved = await this.table.save({ ...row, contentId, size, sha256 });
      if (saved.outcome === 'stale') throw new StepError('lease_lost', 'The run is executed by another process by now.');
      if (saved.outcome === 'swept') throw new StepError('artifact_storage_failed', 'Storing took too long.');
      return { id: saved.id, size, sha256: sha256.toString('hex') };
    } catch (error) {
      await this.table.abandonContent(contentId).catch(() => undefined);
      throw error;
    } finally {
      clearInterval(touching);
    }
  }
}

const SLICE = 256 * 1024;

async function* inSlices(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += SLICE) yield bytes.subarray(at, at + SLICE);
}

/** Whether trying again later may help. */
function passing(error: unknown): boolean {
  if (error instanceof S3Error) return error.status === null || error.status === 429 || error.status >= 500;
  return isUnavailable(error);
}

function missing(): StepError {
  return new StepError('output_missing', 'An output that is kept outside of the journal is gone or damaged.', { retryable: false });
}
