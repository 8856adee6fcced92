import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import type { Artifact } from './artifact.js';
import type { StorageKind } from './storage/content-storage.js';

/** An artifact whose content is written. */
export interface NewArtifactRow {
  readonly id: string;
  readonly tenant: string;
  readonly runId: string;
  /** Epoch of the lease that stores it; null asks for none. */
  readonly epoch: number | null;
  readonly kind: Artifact['kind'];
  readonly step: string;
  readonly name: string;
  readonly mediaType: string;
  readonly size: number;
  readonly sha256: Buffer;
  readonly contentId: string;
}

export interface ArtifactFilter {
  readonly tenant: string;
  readonly runId?: string | undefined;
  readonly step?: string | undefined;
}

interface ArtifactRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly run_id: string;
  readonly kind: Artifact['kind'];
  readonly step: string;
  readonly name: string;
  readonly media_type: string;
  /** bigint, so text. */
  readonly size: string;
  readonly sha256: Buffer;
  readonly content_id: string;
  readonly storage: StorageKind;
  readonly created_at: Date;
}

/** `stale`: the lease is not held any more. `swept`: its content was given up meanwhile. Nothing was written. */
type SaveOutcome = { readonly outcome: 'saved'; readonly id: string } | { readonly outcome: 'stale' } | { readonly outcome: 'swept' };

const SELECT = `SELECT a.id, a.tenant_id, a.run_id, a.kind, a.step, a.name, a.media_type, a.size, a.sha256, a.content_id, c.storage, a.created_at
  FROM artifacts a JOIN artifact_contents c ON c.id = a.content_id`;

/** What artifacts there are, and which contents belong to them. */
@Injectable()
export class ArtifactStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  // --- Writing -------------------------------------------------------------------------------------------------------

  /** Notes a content before its storage is written to. */
  async beginContent(id: string, tenant: string, storage: StorageKind): Promise<void> {
    await this.dataSource.query('INSERT INTO artifact_contents (id, tenant_id, storage) VALUES ($1, $2, $3)', [id, tenant, storage]);
  }

  /** A sign of life of the writer. */
  async touchContent(id: string): Promise<void> {
    await this.dataSource.query(`UPDATE artifact_contents SET touched_at = now() WHERE id = $1 AND state = 'writing'`, [id]);
  }

  /** The writer gives up. */
  async abandonContent(id: string): Promise<void> {
    await this.dataSource.query(`UPDATE artifact_contents SET state = 'garbage', touched_at = now() WHERE id = $1 AND state = 'writing'`, [
      id,
    ]);
  }

  /**
   * Makes an artifact of a written content, in place of an earlier one of its run, kind, step and name, whose id it keeps.
   */
  async save(row: NewArtifactRow): Promise<SaveOutcome> {
    return await this.dataSource.transaction(async (manager) => {
      if (row.epoch !== null && !(await isLeased(manager, row.runId, row.epoch))) return { outcome: 'stale' };
      const stored = await manager.query<[unknown[], number]>(
        `UPDATE artifact_contents SET state = 'stored', touched_at = now() WHERE id = $1 AND state = 'writing'`,
        [row.contentId],
      );
      if (stored[1] === 0) return { outcome: 'swept' };
      const key = [row.runId, row.kind, row.step, row.name];
      const [old] = await manager.query<{ content_id: string }[]>(
        'SELECT content_id FROM artifacts WHERE run_id = $1 AND kind = $2 AND step = $3 AND name = $4 FOR UPDATE',
        key,
      );
      const [saved] = await manager.query<{ id: string }[]>(
        `INSERT INTO artifacts (run_id, kind, step, name, id, tenant_id, media_type, size, sha256, content_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (run_id, kind, step, name) DO UPDATE SET
           media_type = excluded.media_type, size = excluded.size, sha256 = excluded.sha256, content_id = excluded.content_id, created_at = excluded.created_at
         RETURNING id`,
        [...key, row.id, row.tenant, row.mediaType, row.size, row.sha256, row.contentId],
      );
      if (old !== undefined) await discardContents(manager, [old.content_id]);
      return { outcome: 'saved', id: saved?.id ?? row.id };
    });
  }

  // --- Reading -------------------------------------------------------------------------------------------------------

  async find(tenant: string, id: string): Promise<Artifact | null> {
    const [row] = await this.dataSource.query<ArtifactRow[]>(`${SELECT} WHERE a.tenant_id = $1 AND a.id = $2`, [tenant, id]);
    return row === undefined ? null : toArtifact(row);
  }

  /** Files, newest first. */
  async list(filter: ArtifactFilter, page: { readonly before: string | null; readonly limit: number }): Promise<Artifact[]> {
    const conditions = [`a.kind = 'file'`, 'a.tenant_id = $1'];
    const parameters: unknown[] = [filter.tenant];
    const where = (value: unknown, condition: (parameter: string) => string): void => {
      if (value !== undefined) conditions.push(condition(`$${parameters.push(value)}`));
    };
    where(page.before ?? undefined, (before) => `a.id < ${before}`);
    where(filter.runId, (run) => `a.run_id = ${run}`);
    where(filter.step, (step) => `a.step = ${step}`);
    const rows = await this.dataSource.query<ArtifactRow[]>(
      `${SELECT} WHERE ${conditions.join(' AND ')} ORDER BY a.id DESC LIMIT ${page.limit}`,
      parameters,
    );
    return rows.map(toArtifact);
  }

  async runExists(tenant: string, runId: string): Promise<boolean> {
    return (await this.dataSource.query<unknown[]>('SELECT FROM runs WHERE id = $1 AND tenant_id = $2', [runId, tenant])).length > 0;
  }

  // --- Deleting ------------------------------------------------------------------------------------------------------

  /** Deletes everything of some runs; the contents become garbage. */
  async deleteOfRuns(manager: EntityManager, runIds: readonly string[]): Promise<void> {
    await discard(manager, 'run_id = ANY ($1::uuid[])', [runIds]);
  }

  /** Deletes files of runs that ended before a time. */
  async deleteFilesOfRunsEndedBefore(time: Date, limit: number): Promise<number> {
    return await this.discard(
      `id IN (SELECT a.id FROM artifacts a JOIN runs r ON r.id = a.run_id
              WHERE a.kind = 'file' AND a.created_at < $1 AND r.finished_at < $1 ORDER BY a.created_at LIMIT $2)`,
      [time, limit],
    );
  }

  /** Ids of artifacts behind an id, for a walk over all of them. */
  async idsAfter(after: string, limit: number): Promise<string[]> {
    const rows = await this.dataSource.query<{ id: string }[]>('SELECT id FROM artifacts WHERE id > $1 ORDER BY id LIMIT $2', [
      after,
      limit,
    ]);
    return rows.map(({ id }) => id);
  }

  /** Of these, deletes those older than `graceMs` whose run does not exist: it was deleted, or never came to be. */
  async deleteOrphans(ids: readonly string[], graceMs: number): Promise<number> {
    return await this.discard(
      `id = ANY ($1::uuid[]) AND created_at < now() - $2 * interval '1 ms' AND NOT EXISTS (SELECT FROM runs r WHERE r.id = artifacts.run_id)`,
      [ids, graceMs],
    );
  }

  /** Contents that nobody writes or reads any more, of the storages that can be reached from here. */
  async garbage(storages: readonly StorageKind[], graceMs: number, limit: number): Promise<{ id: string; storage: StorageKind }[]> {
    // First of all their writers are kept from finishing.
    await this.dataSource.query(
      `UPDATE artifact_contents SET state = 'garbage' WHERE state = 'writing' AND touched_at < now() - $1 * interval '1 ms'`,
      [graceMs],
    );
    return await this.dataSource.query<{ id: string; storage: StorageKind }[]>(
      `SELECT id, storage FROM artifact_contents
       WHERE state = 'garbage' AND touched_at < now() - $1 * interval '1 ms' AND storage = ANY ($2) ORDER BY touched_at LIMIT $3`,
      [graceMs, storages, limit],
    );
  }

  /** The storage has forgotten the content. */
  async forgetContent(id: string): Promise<void> {
    await this.dataSource.query(`DELETE FROM artifact_contents WHERE id = $1 AND state = 'garbage'`, [id]);
  }

  private async discard(condition: string, parameters: unknown[]): Promise<number> {
    return await this.dataSource.transaction((manager) => discard(manager, condition, parameters));
  }
}

/** Whether the run is held at this epoch; it stays so until the transaction ends. The lock is the one of journal writes. */
async function isLeased(manager: EntityManager, runId: string, epoch: number): Promise<boolean> {
  const rows = await manager.query<unknown[]>(`SELECT FROM live_runs WHERE run_id = $1 AND epoch = $2 AND state = 'leased' FOR KEY SHARE`, [
    runId,
    epoch,
  ]);
  return rows.length > 0;
}

/** Deletes artifacts; their contents become garbage. Returns how many there were. */
async function discard(manager: EntityManager, condition: string, parameters: unknown[]): Promise<number> {
  const [gone] = await manager.query<[{ content_id: string }[], number]>(
    `DELETE FROM artifacts WHERE ${condition} RETURNING content_id`,
    parameters,
  );
  if (gone.length > 0)
    await discardContents(
      manager,
      gone.map((row) => row.content_id),
    );
  return gone.length;
}

async function discardContents(manager: EntityManager, ids: readonly string[]): Promise<void> {
  await manager.query(`UPDATE artifact_contents SET state = 'garbage', touched_at = now() WHERE id = ANY ($1::uuid[])`, [ids]);
}

function toArtifact(row: ArtifactRow): Artifact {
  return {
    id: row.id,
    tenant: row.tenant_id,
    runId: row.run_id,
    kind: row.kind,
    step: row.step,
    name: row.name,
    mediaType: row.media_type,
    size: Number(row.size),
    sha256: row.sha256.toString('hex'),
    content: { id: row.content_id, storage: row.storage },
    createdAt: row.created_at,
  };
}
