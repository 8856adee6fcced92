import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { JsonObject } from '../../engine/index.js';
import { decodeCursor, encodeCursor } from '../../platform/http/cursor.js';
import { type Page, pageOf } from '../../platform/http/page.js';
import type { Chunking } from './chunking/index.js';
import type { Collection } from './rag.types.js';

/** A document as it is stored. */
export interface DocumentRow {
  readonly id: string;
  readonly revision: string;
  readonly characters: number;
  readonly metadata: JsonObject;
  readonly chunking: Chunking;
  /** Null until its present content can be found. */
  readonly chunks: number | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface DocumentContent {
  readonly id: string;
  readonly text: string;
  readonly metadata: JsonObject;
  readonly chunking: Chunking;
  readonly hash: Buffer;
}

/** A document whose content is not findable yet. */
export interface PendingDocument {
  readonly id: string;
  readonly revision: string;
  readonly text: string;
  readonly metadata: JsonObject;
  readonly chunking: Chunking;
}

export interface NewChunk {
  readonly index: number;
  readonly start: number;
  readonly text: string;
  readonly metadata: JsonObject;
  /** What its words are taken from. */
  readonly searchable: string;
  readonly embedding: Float32Array;
}

/** A revision of a document and what it was cut into. */
export interface IndexedDocument {
  readonly id: string;
  readonly revision: string;
  readonly chunks: readonly NewChunk[];
}

const COLUMNS = 'id, revision, characters, metadata, chunking, chunks, created_at, updated_at';

@Injectable()
export class DocumentStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Keeps contents, each document once, until they are indexed. Answers with the ids of those that cannot be found with this content yet. */
  async stage(collection: Collection, contents: readonly DocumentContent[]): Promise<string[]> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      `INSERT INTO rag_documents AS d (collection_id, tenant_id, id, revision, content_hash, text, characters, metadata, chunking)
       SELECT $1, $2, n.id, n.revision, decode(n.hash, 'hex'), n.text, length(n.text), n.metadata, n.chunking
       FROM json_to_recordset($3::json) AS n (id text, revision uuid, hash text, text text, metadata jsonb, chunking json)
       ON CONFLICT (collection_id, id) DO UPDATE SET revision = excluded.revision, content_hash = excluded.content_hash, text = excluded.text,
         characters = excluded.characters, metadata = excluded.metadata, chunking = excluded.chunking, chunks = NULL, updated_at = now()
       WHERE d.content_hash <> excluded.content_hash OR d.chunks IS NULL
       RETURNING d.id`,
      [
        collection.id,
        collection.tenant,
        JSON.stringify(contents.map((content) => ({ ...content, revision: uuidv7(), hash: content.hash.toString('hex') }))),
      ],
    );
    return rows.map(({ id }) => id);
  }

  /** Those of the documents that cannot be found yet, by id. */
  pending(collectionId: string, ids: readonly string[]): Promise<PendingDocument[]> {
    return this.dataSource.query<PendingDocument[]>(
      'SELECT id, revision, text, metadata, chunking FROM rag_documents WHERE collection_id = $1 AND id = ANY ($2) AND chunks IS NULL ORDER BY id',
      [collectionId, ids],
    );
  }

  /** How many of the documents can be found, and by how many chunks. */
  async indexedOf(collectionId: string, ids: readonly string[]): Promise<{ readonly documents: number; readonly chunks: number }> {
    const [row] = await this.dataSource.query<{ documents: number; chunks: number }[]>(
      `SELECT count(chunks)::int AS documents, coalesce(sum(chunks), 0)::int AS chunks FROM rag_documents
       WHERE collection_id = $1 AND id = ANY ($2)`,
      [collectionId, ids],
    );
    return row ?? { documents: 0, chunks: 0 };
  }

  /** Puts the chunks of documents in the place of those before. Answers with the ids: not of those that changed or went meanwhile. */
  async index(collection: Collection, documents: readonly IndexedDocument[]): Promise<string[]> {
    return this.dataSource.transaction(async (transaction) => {
      const present = await transaction.query<{ id: string; revision: string }[]>(
        'SELECT id, revision FROM rag_documents WHERE collection_id = $1 AND id = ANY ($2) ORDER BY id FOR UPDATE',
        [collection.id, documents.map(({ id }) => id)],
      );
      const revisions = new Map(present.map(({ id, revision }) => [id, revision]));
      const still = documents.filter(({ id, revision }) => revisions.get(id) === revision);
      const ids = still.map(({ id }) => id);
      await transaction.query('DELETE FROM rag_chunks WHERE collection_id = $1 AND document_id = ANY ($2)', [collection.id, ids]);
      const rows = still.flatMap((document) => document.chunks.map((chunk) => toRow(document.id, chunk)));
      for (let at = 0; at < rows.length; at += INSERT_BATCH) {
        const batch = JSON.stringify(rows.slice(at, at + INSERT_BATCH));
        await transaction.query(INSERT_CHUNKS, [collection.id, collection.tenant, collection.language, batch]);
      }
      await transaction.query(
        `UPDATE rag_documents d SET chunks = n.chunks, updated_at = now() FROM unnest($2::text[], $3::int[]) AS n (id, chunks)
         WHERE d.collection_id = $1 AND d.id = n.id`,
        [collection.id, ids, still.map(({ chunks }) => chunks.length)],
      );
      return ids;
    });
  }

  async find(collectionId: string, id: string): Promise<(DocumentRow & { readonly text: string }) | null> {
    const [row] = await this.dataSource.query<(DocumentRow & { text: string })[]>(
      `SELECT ${COLUMNS}, text FROM rag_documents WHERE collection_id = $1 AND id = $2`,
      [collectionId, id],
    );
    return row ?? null;
  }

  /** By id. */
  async list<T>(
    collectionId: string,
    page: { readonly limit: number; readonly cursor?: string },
    toDto: (row: DocumentRow) => T,
  ): Promise<Page<T>> {
    const after = page.cursor === undefined ? '' : decodeCursor(page.cursor, (value) => typeof value === 'string');
    const rows = await this.dataSource.query<DocumentRow[]>(
      `SELECT ${COLUMNS} FROM rag_documents WHERE collection_id = $1 AND id > $2 ORDER BY id LIMIT ${page.limit + 1}`,
      [collectionId, after],
    );
    return pageOf(rows, page.limit, toDto, (row) => encodeCursor(row.id));
  }

  async delete(collectionId: string, id: string): Promise<boolean> {
    const [rows] = await this.dataSource.query<[unknown[], number]>(
      'DELETE FROM rag_documents WHERE collection_id = $1 AND id = $2 RETURNING id',
      [collectionId, id],
    );
    return rows.length > 0;
  }
}

const INSERT_BATCH = 200;
const INSERT_CHUNKS = `
  INSERT INTO rag_chunks (id, collection_id, document_id, tenant_id, chunk_index, position, text, metadata, words, embedding)
  SELECT c.id, $1, c.document_id, $2, c.chunk_index, c.position, c.text, c.metadata, to_tsvector($3::regconfig, c.searchable), c.embedding
  FROM json_to_recordset($4::json)
    AS c (id uuid, document_id text, chunk_index integer, position integer, text text, metadata jsonb, searchable text, embedding real[])`;

function toRow(documentId: string, { index, start, text, metadata, searchable, embedding }: NewChunk): object {
  return {
    id: uuidv7(),
    document_id: documentId,
    chunk_index: index,
    position: start,
    text,
    metadata,
    searchable,
    embedding: Array.from(embedding),
  };
}
