import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { JsonObject } from '../../engine/index.js';
import { UnprocessableError } from '../../platform/errors/app-error.js';
import { Embeddings } from '../embeddings/index.js';
import { refuseUnstorable } from './rag.errors.js';
import { fused } from './retrieval/fusion.js';
import { metadataFilter } from './retrieval/metadata-filter.js';
import { Reranker } from './retrieval/reranker.js';
import { coverage, TextSearch } from './retrieval/text-search.js';
import { VectorSearch, type Scored, type SearchLimits } from './retrieval/vector-search.js';
import type { Collection, Found, SearchMode } from './rag.types.js';

export interface Search {
  readonly query: string;
  readonly mode: SearchMode;
  /** Results at most. */
  readonly topK: number;
  /** Only results that score at least this. */
  readonly scoreThreshold: number;
  readonly filter?: JsonObject;
  /** Whether the collection's reranker has the last word. */
  readonly rerank: boolean;
}

/** Places that are looked at before rankings are joined or reranked: what one puts far down another may put first. */
const MIN_CANDIDATES = 50;
const CANDIDATES_PER_RESULT = 4;

/** Finds chunks of a collection. */
@Injectable()
export class SearchService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly embeddings: Embeddings,
    private readonly vectors: VectorSearch,
    private readonly texts: TextSearch,
    private readonly reranker: Reranker,
  ) {}

  /** Best first. Throws `UnprocessableError` for a filter that means nothing, `StepError` when a model cannot be asked. */
  async search(collection: Collection, search: Search, signal: AbortSignal): Promise<Found[]> {
    const { topK, scoreThreshold } = search;
    refuseUnstorable('query', search.query);
    refuseUnstorable('filter', search.filter ?? null);
    const reranked = search.rerank && collection.reranker !== null;
    const limit = search.mode === 'hybrid' || reranked ? Math.max(MIN_CANDIDATES, topK * CANDIDATES_PER_RESULT) : topK;
    const ranking = await this.ranking(collection, search, { limit, filter: pathOf(search.filter) }, signal);
    if (reranked) return (await this.reranked(collection, search, ranking.slice(0, limit), signal)).slice(0, topK);
    return this.found(ranking.slice(0, topK).filter(({ score }) => score >= scoreThreshold));
  }

  private async ranking(collection: Collection, { mode, query }: Search, limits: SearchLimits, signal: AbortSignal): Promise<Scored[]> {
    if (mode === 'text') return this.texts.search(collection, query, limits);
    const byMeaning = this.byMeaning(collection, query, limits, signal);
    if (mode === 'vector') return byMeaning;
    const [meanings, words] = await Promise.all([byMeaning, this.texts.search(collection, query, limits)]);
    return fused([
      { found: meanings, weight: () => 1 },
      { found: words, weight: coverage },
    ]);
  }

  private async byMeaning(collection: Collection, query: string, limits: SearchLimits, signal: AbortSignal): Promise<Scored[]> {
    const [vector] = await this.embeddings.embedder(collection.tenant, collection.embedding).embed([query], signal);
    return this.vectors.search(collection, vector as Float32Array, limits);
  }

  private async reranked(collection: Collection, search: Search, candidates: readonly Scored[], signal: AbortSignal): Promise<Found[]> {
    const found = await this.found(candidates);
    if (collection.reranker === null || found.length === 0) return found;
    const texts = found.map(({ text }) => text);
    const relevances = await this.reranker.relevances(collection.tenant, collection.reranker, search.query, texts, signal);
    return found
      .map((chunk, index) => ({ ...chunk, score: relevances[index] as number }))
      .filter(({ score }) => score >= search.scoreThreshold)
      .toSorted((a, b) => b.score - a.score);
  }

  /** The chunks of a ranking, in its order. */
  private async found(ranking: readonly Scored[]): Promise<Found[]> {
    if (ranking.length === 0) return [];
    const rows = await this.dataSource.query<
      { id: string; document_id: string; chunk_index: number; text: string; metadata: JsonObject }[]
    >('SELECT id, document_id, chunk_index, text, metadata FROM rag_chunks WHERE id = ANY ($1::uuid[])', [ranking.map(({ id }) => id)]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ranking.flatMap(({ id, score }) => {
      const row = byId.get(id);
      // A document that was replaced just now.
      if (row === undefined) return [];
      return [{ chunkId: id, documentId: row.document_id, chunkIndex: row.chunk_index, text: row.text, metadata: row.metadata, score }];
    });
  }
}

function pathOf(filter: JsonObject | undefined): string | null {
  if (filter === undefined || Object.keys(filter).length === 0) return null;
  const compiled = metadataFilter(filter);
  if ('faults' in compiled) throw new UnprocessableError('the filter is not valid', compiled.faults, 'invalid_filter');
  return compiled.path;
}
