import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { Database } from '../../../platform/database/index.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import type { Collection } from '../rag.types.js';
import { vectorColumn } from './vector-column.js';

/** Below so many chunks or numbers in their vectors, reading all of a collection is as fast as an index, and exact. */
const INDEXED_FROM_CHUNKS = 2_000;
const INDEXED_FROM_NUMBERS = 1_000_000;

/** The HNSW index of each large collection: a partial index, so that a collection is searched as if it were alone. */
@Injectable()
export class VectorIndexes {
  constructor(
    private readonly database: Database,
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Makes the index of a collection that has grown large. Writers do not wait for it. */
  async ensure(collection: Collection): Promise<void> {
    const { type, operators, indexable } = vectorColumn(collection);
    if (!this.database.info.pgvector || !indexable) return;
    const name = indexName(collection.id);
    const from = Math.min(INDEXED_FROM_CHUNKS, Math.ceil(INDEXED_FROM_NUMBERS / collection.embedding.dimensions));
    const [state] = await this.dataSource.query<{ large: boolean; valid: boolean | null }[]>(
      `SELECT (SELECT count(*) FROM (SELECT 1 FROM rag_chunks WHERE collection_id = $1 LIMIT ${from}) c) >= ${from} AS large,
         (SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($2)) AS valid`,
      [collection.id, name],
    );
    if (state === undefined || !state.large || state.valid === true) return;
    try {
      await this.build(name, type, operators, collection.id);
    } catch (error) {
      // Searches stay right without it, only slower; the next ingest tries again.
      this.logger.warn({ err: error, collection: collection.name }, 'could not index the vectors of a collection');
    }
  }

  async drop(collectionId: string): Promise<void> {
    await this.dataSource.query(`DROP INDEX IF EXISTS ${indexName(collectionId)}`);
  }

  /** On a connection of its own: it may take minutes, and only outside a transaction. */
  private async build(name: string, type: string, operators: string, collectionId: string): Promise<void> {
    const client = new pg.Client({ ...this.database.directTarget, application_name: 'heddle vector index' });
    client.on('error', () => {});
    await client.connect();
    try {
      // What was begun and not finished is no index.
      await client.query(`DROP INDEX IF EXISTS ${name}`);
      await client.query(
        `CREATE INDEX CONCURRENTLY IF NOT EXISTS ${name} ON rag_chunks USING hnsw ((embedding::${type}) ${operators}) WHERE collection_id = '${collectionId}'`,
      );
    } finally {
      await client.end();
    }
  }
}

function indexName(collectionId: string): string {
  return `rag_chunks_${collectionId.replaceAll('-', '')}_idx`;
}
