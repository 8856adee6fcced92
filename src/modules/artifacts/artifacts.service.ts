import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppError, NotFoundError } from '../../platform/errors/app-error.js';
import type { Artifact } from './artifact.js';
import { type ArtifactFilter, ArtifactStore } from './artifact-store.js';
import type { ByteRange } from './storage/content-storage.js';
import { ContentStorages } from './storage/content-storages.js';

/** What can be asked about artifacts, and their end. */
@Injectable()
export class ArtifactsService {
  constructor(
    private readonly store: ArtifactStore,
    private readonly storages: ContentStorages,
  ) {}

  /** Throws 404. */
  async get(tenant: string, id: string): Promise<Artifact> {
    const artifact = await this.store.find(tenant, id);
    if (artifact === null) throw new NotFoundError('artifact');
    return artifact;
  }

  list(filter: ArtifactFilter, page: { readonly before: string | null; readonly limit: number }): Promise<Artifact[]> {
    return this.store.list(filter, page);
  }

  /** Of one run. Throws 404 when there is no such run. */
  async listOfRun(tenant: string, runId: string, page: { readonly before: string | null; readonly limit: number }): Promise<Artifact[]> {
    const artifacts = await this.store.list({ tenant, runId }, page);
    if (artifacts.length === 0 && !(await this.store.runExists(tenant, runId))) throw new NotFoundError('run');
    return artifacts;
  }

  /** Begins to read. What is wrong with the storage shows here, not in the middle of an answer. Throws 503. */
  async open({ content }: Artifact, range: ByteRange): Promise<AsyncIterable<Uint8Array>> {
    const storage = this.storages.get(content.storage);
    if (storage === undefined) throw unreadable(`it is kept in a storage that this server is not configured for: ${content.storage}`);
    if (range.end < range.start) return resumed(null, null);
    const chunks = storage.read(content.id, range);
    try {
      const first = await chunks.next();
      return resumed(first.done === true ? null : first.value, chunks);
    } catch (cause) {
      throw unreadable('its storage does not answer or has lost it', cause);
    }
  }

  /**
   * Deletes the artifacts and large outputs of runs, in the transaction that deletes the runs, a few hundred at a time. Their
   * contents follow within hours.
   */
  async deleteOfRuns(manager: EntityManager, runIds: readonly string[]): Promise<void> {
    await this.store.deleteOfRuns(manager, runIds);
  }
}

/** A generator whose first value was taken already. Returned early, it ends the other one too. */
async function* resumed(first: Uint8Array | null, rest: AsyncGenerator<Uint8Array> | null): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (first !== null) yield first;
    if (rest !== null) yield* rest;
  } finally {
    await rest?.return(undefined);
  }
}

function unreadable(detail: string, cause?: unknown): AppError {
  return new AppError(503, 'artifact_unreadable', `the artifact cannot be read: ${detail}`, { cause });
}
