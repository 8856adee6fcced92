import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { Database } from '../../../platform/database/index.js';
import type { Collection } from '../rag.types.js';
import { vectorColumn } from './vector-column.js';

/** A chunk and how well it answers, best first in lists. */
export interface Scored {
  readonly id: string;
  readonly score: number;
}

export interface SearchLimits {
  readonly limit: number;
  /** A SQL/JSON path predicate over metadata. */
  readonly filter: string | null;
}

const EXACT_BATCH = 2_000;
/** The most candidates an HNSW search of pgvector keeps. */
const MAX_CANDIDATES = 1_000;

/** Finds chunks by meaning: the cosine of their vector and the query's. */
@Injectable()
export class VectorSearch {
  constructor(
    private readonly database: Database,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  search(collection: Collection, query: Float32Array, limits: SearchLimits): Promise<Scored[]> {
    return this.database.info.pgvector ? this.byPgvector(collection, query, limits) : this.exactly(collection, query, limits);
  }

  /**
   * Postgres chooses between the collection's index and reading all of its vectors. The collection is named in the text: with
   * a parameter the partial index could not be chosen.
   */
  private byPgvector(collection: Collection, query: Float32Array, { limit, filter }: SearchLimits): Promise<Scored[]> {
    const { type } = vectorColumn(collection);
    return this.dataSource.transaction(async (transaction) => {
      await transaction.query(`SET LOCAL hnsw.ef_search = ${Math.min(MAX_CANDIDATES, Math.max(100, limit * 2))}`);
      await this.searchOnWhileFiltered(transaction, filter);
      const rows = await transaction.query<Scored[]>(
        `SELECT id, 1 - (embedding::${type} <=> $1::${type}) AS score FROM rag_chunks
         WHERE collection_id = '${collection.id}' ${filter === null ? '' : 'AND metadata @@ $2::jsonpath'}
         ORDER BY embedding::${type} <=> $1::${type} LIMIT ${limit}`,
        [`[${query.join(',')}]`, ...(filter === null ? [] : [filter])],
      );
      return rows.toSorted(byScore);
    });
  }

  /** Without it an index gives its nearest, and the filter may leave nothing of them. From pgvector 0.8. */
  private async searchOnWhileFiltered(transaction: EntityManager, filter: string | null): Promise<void> {
    if (filter !== null) await transaction.query("SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true)");
  }

  /** Without pgvector: every vector of the collection is read, a batch at a time, and compared here while the next is on its way. */
  private async exactly(collection: Collection, query: Float32Array, { limit, filter }: SearchLimits): Promise<Scored[]> {
    let best: Scored[] = [];
    let next: Promise<VectorRow[]> | null = this.batch(collection, filter, null);
    while (next !== null) {
      const rows: VectorRow[] = await next;
      const last = rows.at(-1);
      next = last === undefined || rows.length < EXACT_BATCH ? null : this.batch(collection, filter, last);
      // It is awaited in the next turn; until then its error is nobody's.
      next?.catch(() => {});
      best = [...best, ...rows.map(({ id, vector }) => ({ id, score: cosine(vector, query) }))].toSorted(byScore).slice(0, limit);
    }
    return best;
  }

  /** In the order of the documents: so a collection is read as if it were alone. */
  private batch(collection: Collection, filter: string | null, after: VectorRow | null): Promise<VectorRow[]> {
    return this.dataSource.query<VectorRow[]>(
      `SELECT id, document_id, chunk_index, array_send(embedding) AS vector FROM rag_chunks
       WHERE collection_id = $1 AND (document_id, chunk_index) > ($2, $3) ${filter === null ? '' : 'AND metadata @@ $4::jsonpath'}
       ORDER BY document_id, chunk_index LIMIT ${EXACT_BATCH}`,
      [collection.id, after?.document_id ?? '', after?.chunk_index ?? -1, ...(filter === null ? [] : [filter])],
    );
  }
}

interface VectorRow {
  readonly id: string;
  readonly document_id: string;
  readonly chunk_index: number;
  readonly vector: Buffer;
}

export function byScore(a: Scored, b: Scored): number {
  return b.score - a.score || (a.id < b.id ? -1 : 1);
}

/** Header of a one-dimensional array in Postgres' binary form; each element has its length before it. */
const HEADER_BYTES = 20;

/** Of unit vectors. */
function cosine(array: Buffer, query: Float32Array): number {
  let sum = 0;
  for (let at = 0, offset = HEADER_BYTES + 4; at < query.length; at += 1, offset += 8)
    sum += array.readFloatBE(offset) * (query[at] as number);
  return sum;
}
