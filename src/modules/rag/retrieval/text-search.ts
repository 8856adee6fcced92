import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { Collection } from '../rag.types.js';
import { literal, WordCounts } from './word-counts.js';
import { byScore, type Scored, type SearchLimits } from './vector-search.js';

/** Usual parameters of BM25 (Robertson and Zaragoza 2009). */
const K1 = 1.2;
const B = 0.75;
/** Words of a query that count; the rarest are kept. */
const MAX_WORDS = 24;
/** Candidates by the words they have, before it is counted how often they have them. */
const CANDIDATES = 300;
/** Chunks that are looked at for candidates: words that would bring more than this do not, while the query has rarer ones. */
const MAX_MATCHES = 5_000;

interface QueryWord {
  readonly word: string;
  /** Chunks that have it. */
  readonly n: number;
  readonly idf: number;
}

interface Statistics {
  readonly words: readonly QueryWord[];
  /** Characters of a chunk. */
  readonly averageLength: number;
  /** The most that a chunk could reach: it would have every word of the query, also those that none has, ever so often. */
  readonly best: number;
}

/** How much of the query's words a chunk of that score has, 0 to 1: what has them all once, at the usual length, has 1. */
export function coverage(score: number): number {
  return Math.min(1, score * (K1 + 1));
}

/**
 * Finds chunks by words, ranked by BM25 over the stems of the collection's language. Any word of the query may match: people
 * ask in sentences. The score is the share of the most that a chunk could reach, 0 to 1.
 */
@Injectable()
export class TextSearch {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly counts: WordCounts,
  ) {}

  async search(collection: Collection, query: string, { limit, filter }: SearchLimits): Promise<Scored[]> {
    const { words, averageLength, best } = await this.statistics(collection, query);
    if (words.length === 0) return [];
    const rows = await this.dataSource.query<Scored[]>(
      `WITH q AS (SELECT * FROM unnest($2::text[], $3::float8[], $6::text[]::tsquery[]) AS q (word, idf, query)),
       candidates AS (
         SELECT c.id, c.words, length(c.text) AS length FROM rag_chunks c
         WHERE c.collection_id = $1 AND c.words @@ $4::tsquery ${filter === null ? '' : 'AND c.metadata @@ $7::jsonpath'}
         ORDER BY (SELECT sum(q.idf) FROM q WHERE c.words @@ q.query) DESC, c.id
         LIMIT ${Math.max(CANDIDATES, limit)})
       SELECT c.id, sum(q.idf * f.n * (${K1} + 1) / (f.n + ${K1} * (1 - ${B} + ${B} * c.length / $5::float8))) AS score
       FROM candidates c CROSS JOIN LATERAL unnest(c.words) AS w JOIN q ON q.word = w.lexeme
         CROSS JOIN LATERAL (SELECT cardinality(w.positions)::float8 AS n) f
       GROUP BY c.id ORDER BY score DESC, c.id LIMIT ${limit}`,
      [
        collection.id,
        words.map(({ word }) => word),
        words.map(({ idf }) => idf),
        anyOf(selective(words)),
        averageLength,
        words.map(({ word }) => literal(word)),
        ...(filter === null ? [] : [filter]),
      ],
    );
    return rows.map(({ id, score }) => ({ id, score: score / best })).toSorted(byScore);
  }

  /** The query's stems with their weight, rarest first; none when no chunk has any. */
  private async statistics(collection: Collection, query: string): Promise<Statistics> {
    const { chunks, averageLength, words } = await this.counts.of(collection, query);
    // Counts are of different moments.
    const weighed = words.map(({ word, n }) => ({ word, n, idf: Math.log(1 + (Math.max(chunks, n) - n + 0.5) / (n + 0.5)) }));
    const known = weighed.filter(({ n }) => n > 0).toSorted((a, b) => a.n - b.n);
    const best = weighed.reduce((sum, { idf }) => sum + idf, 0) * (K1 + 1);
    return { words: known.slice(0, MAX_WORDS), averageLength, best };
  }
}

/** The words that candidates are looked for by: the rarest. */
function selective(words: readonly QueryWord[]): readonly QueryWord[] {
  let matches = 0;
  return words.filter(({ n }, index) => {
    matches += n;
    return index === 0 || matches <= MAX_MATCHES;
  });
}

function anyOf(words: readonly QueryWord[]): string {
  return words.map(({ word }) => literal(word)).join(' | ');
}
