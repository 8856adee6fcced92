import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../engine/index.js';
import { Embeddings } from '../embeddings/index.js';
import { chunked, type Chunk, type Chunking } from './chunking/index.js';
import { DocumentStore, type IndexedDocument, type NewChunk, type PendingDocument } from './document.store.js';
import type { Collection, IngestResult, NewDocument } from './rag.types.js';
import { VectorIndexes } from './retrieval/vector-indexes.js';

/** Documents that are cut and embedded together, so that many small ones cost few calls of the model. */
const GROUP = 32;
/** With which the text of a section begins. */
const OWN_HEADINGS = /^(?:\s*#{1,6}[ \t][^\n]*\n)+/;
const STAGED_TOGETHER = 100;
/** Chunks that are embedded before progress is told. */
const PROGRESS_EVERY = 64;

export interface IngestProgress {
  /** Documents that can be found, of all that are to be. */
  readonly documents: number;
  readonly documents_total: number;
  /** Chunks that have their vector. */
  readonly chunks: number;
}

export interface IngestOptions {
  readonly signal: AbortSignal;
  onProgress?(progress: IngestProgress): void;
}

/**
 * Puts documents into a collection. Twice the same is once: a document with the same content and chunking is left alone,
 * another content replaces the chunks before in one transaction, and until then the old ones are found.
 */
@Injectable()
export class IngestService {
  constructor(
    private readonly documents: DocumentStore,
    private readonly embeddings: Embeddings,
    private readonly indexes: VectorIndexes,
  ) {}

  async ingest(
    collection: Collection,
    documents: readonly NewDocument[],
    chunking: Chunking,
    options: IngestOptions,
  ): Promise<IngestResult> {
    const staged = await this.stage(collection, documents, chunking);
    const indexed = await this.index(collection, staged, options);
    return { ...indexed, documents_unchanged: documents.length - staged.length };
  }

  /** Keeps the documents; answers with the ids of those that are to be indexed. */
  async stage(collection: Collection, documents: readonly NewDocument[], chunking: Chunking): Promise<string[]> {
    const contents = documents.map(({ id, text, metadata = {} }) => {
      const hash = contentHash(text, metadata, chunking);
      return { id: id ?? hash.toString('hex').slice(0, 32), text, metadata, chunking, hash };
    });
    // Of two with one id, the later one replaces the earlier.
    const once = [...new Map(contents.map((content) => [content.id, content])).values()];
    const staged: string[] = [];
    for (let at = 0; at < once.length; at += STAGED_TOGETHER) {
      staged.push(...(await this.documents.stage(collection, once.slice(at, at + STAGED_TOGETHER))));
    }
    return staged;
  }

  /** Makes kept documents findable. Those that somebody else indexed, replaced or deleted meanwhile are passed over. */
  async index(collection: Collection, ids: readonly string[], options: IngestOptions): Promise<Omit<IngestResult, 'documents_unchanged'>> {
    const progress = { documents: 0, documents_total: ids.length, chunks: 0 };
    let indexed = 0;
    let chunks = 0;
    for (let at = 0; at < ids.length; at += GROUP) {
      const group = await this.documents.pending(collection.id, ids.slice(at, at + GROUP));
      const prepared = await this.prepare(collection, group, options, (count) => {
        progress.chunks += count;
        options.onProgress?.({ ...progress });
      });
      const done = new Set(await this.documents.index(collection, prepared));
      for (const { id, chunks: ready } of prepared) {
        if (!done.has(id)) continue;
        indexed += 1;
        chunks += ready.length;
      }
      progress.documents = Math.min(at + GROUP, ids.length);
      options.onProgress?.({ ...progress });
    }
    if (chunks > 0) await this.indexes.ensure(collection);
    return { documents_ingested: indexed, chunks_created: chunks };
  }

  /** Cuts the documents and finds the vector of every chunk. */
  private async prepare(
    collection: Collection,
    documents: readonly PendingDocument[],
    { signal }: IngestOptions,
    onEmbedded: (count: number) => void,
  ): Promise<IndexedDocument[]> {
    const embedder = this.embeddings.embedder(collection.tenant, collection.embedding);
    const cut: { readonly document: PendingDocument; readonly chunks: Chunk[] }[] = [];
    for (const document of documents) {
      signal.throwIfAborted();
      cut.push({ document, chunks: await chunked(document.text, document.chunking, (texts) => embedder.embed(texts, signal)) });
    }
    const texts = cut.flatMap(({ chunks }) => chunks.map(inContext));
    const vectors: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += PROGRESS_EVERY) {
      const batch = texts.slice(at, at + PROGRESS_EVERY);
      vectors.push(...(await embedder.embed(batch, signal)));
      onEmbedded(batch.length);
    }
    let next = 0;
    return cut.map(({ document, chunks }) => ({
      id: document.id,
      revision: document.revision,
      chunks: chunks.map((chunk, index) => newChunk(chunk, index, document.metadata, vectors[next++] as Float32Array)),
    }));
  }
}

/** A section is understood under its headings, each said once. */
export function inContext({ headings = [], text }: Chunk): string {
  return headings.length === 0 ? text : `${headings.join(' > ')}\n${text.replace(OWN_HEADINGS, '')}`;
}

function newChunk(chunk: Chunk, index: number, metadata: JsonObject, embedding: Float32Array): NewChunk {
  const { start, text, headings = [] } = chunk;
  const more = headings.length === 0 ? metadata : { ...metadata, headings: [...headings] };
  return { index, start, text, metadata: more, searchable: inContext(chunk), embedding };
}

function contentHash(text: string, metadata: JsonObject, chunking: Chunking): Buffer {
  const { strategy, chunk_size: size, chunk_overlap: overlap } = chunking;
  return createHash('sha256')
    .update(JSON.stringify([strategy, size, overlap, sorted(metadata)]))
    .update('\n')
    .update(text)
    .digest();
}

function sorted(metadata: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
