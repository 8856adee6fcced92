import type { JsonObject } from '../../engine/index.js';
import type { EmbeddingModelSpec } from '../embeddings/index.js';
import type { Chunking } from './chunking/index.js';
import type { RerankerSpec } from './retrieval/reranker.js';

/** A set of documents that are searched together. Its embedding model never changes. */
export interface Collection {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly description: string | null;
  readonly embedding: EmbeddingModelSpec;
  /** How documents are cut that do not say otherwise. */
  readonly chunking: Chunking;
  /** Text search configuration of Postgres, e.g. `english`. */
  readonly language: string;
  /** Puts what is found in a better order, where a query asks for it. */
  readonly reranker: RerankerSpec | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A document as it is handed in. */
export interface NewDocument {
  /** Unique in the collection; the hash of the content when not given. */
  readonly id?: string;
  readonly text: string;
  readonly metadata?: JsonObject;
}

export interface IngestResult {
  readonly documents_ingested: number;
  readonly chunks_created: number;
  /** Handed in before with the same content and chunking: nothing was done. */
  readonly documents_unchanged: number;
}

export const SEARCH_MODES = ['hybrid', 'vector', 'text'] as const;
export type SearchMode = (typeof SEARCH_MODES)[number];

/** A chunk that was found. */
export interface Found {
  readonly chunkId: string;
  readonly documentId: string;
  readonly chunkIndex: number;
  readonly text: string;
  readonly metadata: JsonObject;
  /** 0 to 1 (`vector`: the cosine, which may be below 0). */
  readonly score: number;
}
