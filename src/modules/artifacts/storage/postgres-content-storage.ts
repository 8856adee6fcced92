import type { DataSource } from 'typeorm';
import { isUnavailable } from '../../../platform/database/index.js';
import { type ByteRange, ContentMissingError, type ContentStorage, inPieces, type NewContent } from './content-storage.js';

/** Small enough that nobody waits long for a connection, large enough that a file is no swarm of statements. */
export const CHUNK_BYTES = 256 * 1024;
const DELETED_AT_A_TIME = 256;
const TRIES = 5;
const RETRY_MS = 200;

/** Contents as rows of chunks. Every chunk is a statement of its own: no connection is held between two of them. */
export class PostgresContentStorage implements ContentStorage {
  readonly kind = 'postgres';

  constructor(private readonly dataSource: DataSource) {}

  async write({ id, tenant, body, signal }: NewContent): Promise<void> {
    let position = 0;
    for await (const data of inPieces(body, CHUNK_BYTES)) {
      signal.throwIfAborted();
      await this.insert(id, tenant, position, data, signal);
      position += data.length;
    }
    signal.throwIfAborted();
  }

  async *read(id: string, { start, end }: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    let next = start;
    while (next <= end) {
      const [chunk] = await this.dataSource.query<{ position: string; data: Buffer }[]>(
        'SELECT position, data FROM artifact_chunks WHERE content_id = $1 AND position <= $2 ORDER BY position DESC LIMIT 1',
        [id, next],
      );
      const position = Number(chunk?.position);
      const data = chunk?.data.subarray(next - position, end + 1 - position);
      if (data === undefined || data.length === 0) throw new ContentMissingError(id);
      yield data;
      next += data.length;
    }
  }

  async delete(id: string): Promise<void> {
    for (;;) {
      const [, deleted] = await this.dataSource.query<[unknown[], number]>(
        `DELETE FROM artifact_chunks WHERE content_id = $1 AND position IN (
           SELECT position FROM artifact_chunks WHERE content_id = $1 LIMIT ${DELETED_AT_A_TIME})`,
        [id],
      );
      if (deleted < DELETED_AT_A_TIME) return;
    }
  }

  /** The body can be read only once, so a short absence of the database is waited out. */
  private async insert(id: string, tenant: string, position: number, data: Buffer, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.dataSource.query(
          'INSERT INTO artifact_chunks (content_id, tenant_id, position, data) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
          [id, tenant, position, data],
        );
        return;
      } catch (error) {
        if (attempt === TRIES || signal.aborted || !isUnavailable(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * attempt));
      }
    }
  }
}
