import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { decodeCursor, encodeCursor } from '../../platform/http/cursor.js';
import { type Page, pageOf } from '../../platform/http/page.js';
import type { EmbeddingModelSpec } from '../embeddings/index.js';
import type { Chunking } from './chunking/index.js';
import type { Collection } from './rag.types.js';
import type { RerankerSpec } from './retrieval/reranker.js';

interface CollectionRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly embedding: EmbeddingModelSpec;
  readonly chunking: Chunking;
  readonly language: string;
  readonly reranker: RerankerSpec | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What is in a collection. */
export interface CollectionSize {
  readonly documents: number;
  readonly chunks: number;
}

const COLUMNS = 'id, tenant_id, name, description, embedding, chunking, language::text AS language, reranker, created_at, updated_at';

@Injectable()
export class CollectionStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** False when the tenant has one of that name. */
  async create(collection: Omit<Collection, 'createdAt' | 'updatedAt'>): Promise<boolean> {
    const { id, tenant, name, description, embedding, chunking, language, reranker } = collection;
    const rows = await this.dataSource.query<unknown[]>(
      `INSERT INTO rag_collections (id, tenant_id, name, description, embedding, chunking, language, reranker) VALUES ($1, $2, $3, $4, $5, $6, $7::regconfig, $8)
       ON CONFLICT DO NOTHING RETURNING id`,
      [
        id,
        tenant,
        name,
        description,
        JSON.stringify(embedding),
        JSON.stringify(chunking),
        language,
        reranker === null ? null : JSON.stringify(reranker),
      ],
    );
    return rows.length > 0;
  }

  async find(tenant: string, name: string): Promise<Collection | null> {
    const [row] = await this.dataSource.query<CollectionRow[]>(
      `SELECT ${COLUMNS} FROM rag_collections WHERE tenant_id = $1 AND name = $2`,
      [tenant, name],
    );
    return row === undefined ? null : toCollection(row);
  }

  async sizeOf(collectionId: string): Promise<CollectionSize> {
    const [row] = await this.dataSource.query<{ documents: string; chunks: string }[]>(
      'SELECT count(*) AS documents, coalesce(sum(chunks), 0) AS chunks FROM rag_documents WHERE collection_id = $1',
      [collectionId],
    );
    return { documents: Number(row?.documents ?? 0), chunks: Number(row?.chunks ?? 0) };
  }

  /** By name. */
  async list<T>(
    tenant: string,
    page: { readonly limit: number; readonly cursor?: string },
    toDto: (collection: Collection) => T,
  ): Promise<Page<T>> {
    const after = page.cursor === undefined ? '' : decodeCursor(page.cursor, (value) => typeof value === 'string');
    const rows = await this.dataSource.query<CollectionRow[]>(
      `SELECT ${COLUMNS} FROM rag_collections WHERE tenant_id = $1 AND name > $2 ORDER BY name LIMIT ${page.limit + 1}`,
      [tenant, after],
    );
    return pageOf(
      rows,
      page.limit,
      (row) => toDto(toCollection(row)),
      (row) => encodeCursor(row.name),
    );
  }

  /** By name. */
  async all(tenant: string): Promise<Collection[]> {
    const rows = await this.dataSource.query<CollectionRow[]>(`SELECT ${COLUMNS} FROM rag_collections WHERE tenant_id = $1 ORDER BY name`, [
      tenant,
    ]);
    return rows.map(toCollection);
  }

  /** With everything in it. Null when there is none. */
  async delete(tenant: string, name: string): Promise<string | null> {
    const [rows] = await this.dataSource.query<[{ id: string }[], number]>(
      'DELETE FROM rag_collections WHERE tenant_id = $1 AND name = $2 RETURNING id',
      [tenant, name],
    );
    return rows[0]?.id ?? null;
  }

  /** Whether Postgres knows a text search configuration of that name. */
  async knowsLanguage(name: string): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>(
      "SELECT 1 FROM pg_ts_config WHERE cfgname = $1 AND cfgnamespace = 'pg_catalog'::regnamespace",
      [name],
    );
    return rows.length > 0;
  }
}

function toCollection(row: CollectionRow): Collection {
  const { tenant_id: tenant, created_at: createdAt, updated_at: updatedAt, ...rest } = row;
  return { ...rest, tenant, createdAt, updatedAt };
}
