import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import type { Collection } from '../rag.types.js';

/** How long counts that took long are believed, milliseconds: they weigh words, so that old ones do little harm. */
const KEPT_MS = 30_000;
/** A word of so many chunks, a collection of so many chunks takes long to count. */
const LONG_FROM = 1_000;

export interface WordStatistics {
  readonly chunks: number;
  /** Characters of a chunk. */
  readonly averageLength: number;
  /** The stems of the query, and how many chunks have each. */
  readonly words: readonly { readonly word: string; readonly n: number }[];
}

interface Size {
  readonly chunks: number;
  readonly averageLength: number;
}

/** How often words are in collections. */
@Injectable()
export class WordCounts {
  private readonly counts = new LRUCache<string, number>({ max: 50_000, ttl: KEPT_MS });
  private readonly sizes = new LRUCache<string, Size>({ max: 5_000, ttl: KEPT_MS });

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async of(collection: Collection, query: string): Promise<WordStatistics> {
    const [size, words] = await Promise.all([this.sizeOf(collection.id), this.wordsOf(collection, query)]);
    return { ...size, words };
  }

  private async sizeOf(collectionId: string): Promise<Size> {
    const kept = this.sizes.get(collectionId);
    if (kept !== undefined) return kept;
    const [row] = await this.dataSource.query<{ chunks: number; length: number | null }[]>(
      `SELECT coalesce(sum(chunks), 0)::int AS chunks, sum(characters)::float8 / nullif(sum(chunks), 0) AS length
       FROM rag_documents WHERE collection_id = $1`,
      [collectionId],
    );
    const size = { chunks: row?.chunks ?? 0, averageLength: row?.length ?? 1 };
    if (size.chunks >= LONG_FROM) this.sizes.set(collectionId, size);
    return size;
  }

  /** Every stem is a question of its own, so that those whose count is known cost nothing. */
  private async wordsOf({ id, language }: Collection, query: string): Promise<{ word: string; n: number }[]> {
    const stems = await this.dataSource.query<{ word: string }[]>('SELECT lexeme AS word FROM unnest(to_tsvector($1::regconfig, $2))', [
      language,
      query,
    ]);
    const known = stems.flatMap(({ word }) => {
      const n = this.counts.get(keyOf(id, word));
      return n === undefined ? [] : [{ word, n }];
    });
    const unknown = stems.map(({ word }) => word).filter((word) => !known.some((each) => each.word === word));
    if (unknown.length === 0) return known;
    const counted = await this.dataSource.query<{ word: string; n: number }[]>(
      `SELECT q.word, (SELECT count(*)::int FROM rag_chunks c WHERE c.collection_id = $1 AND c.words @@ q.query::tsquery) AS n
       FROM unnest($2::text[], $3::text[]) AS q (word, query)`,
      [id, unknown, unknown.map(literal)],
    );
    for (const { word, n } of counted) if (n >= LONG_FROM) this.counts.set(keyOf(id, word), n);
    return [...known, ...counted];
  }
}

/** A stem as a tsquery, whatever is in it. */
export function literal(word: string): string {
  return `'${word.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

function keyOf(collectionId: string, word: string): string {
  return `${collectionId} ${word}`;
}
