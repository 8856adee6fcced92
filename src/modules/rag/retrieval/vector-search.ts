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

  /** Without pgvector: every vector of the collection is compared, in the database, so that none of them travels. */
  private async exactly(collection: Collection, query: Float32Array, { limit, filter }: SearchLimits): Promise<Scored[]> {
    const rows = await this.dataSource.query<Scored[]>(
      `SELECT id, (SELECT sum(v.stored * v.asked) FROM unnest(embedding, $2::real[]) AS v (stored, asked)) AS score FROM rag_chunks
       WHERE collection_id = $1 ${filter === null ? '' : 'AND metadata @@ $3::jsonpath'}
       ORDER BY score DESC, id LIMIT ${limit}`,
      [collection.id, Array.from(query), ...(filter === null ? [] : [filter])],
    );
    return rows.toSorted(byScore);
  }
}

export function byScore(a: Scored, b: Scored): number {
  return b.score - a.score || (a.id < b.id ? -1 : 1);
}
