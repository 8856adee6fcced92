import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../engine/model/canonical-json.js';
import type { Json, JsonObject } from '../../engine/index.js';
import { Embeddings, type Embedder } from '../embeddings/index.js';
import { chunked, type Chunk, type Chunking } from './chunking/index.js';
import { DocumentStore, type NewChunk, type PendingDocument } from './document.store.js';
import type { Collection, IngestResult, NewDocument } from './rag.types.js';
import { refuseUnstorable } from './rag.errors.js';
import { VectorIndexes } from './retrieval/vector-indexes.js';

/** Documents whose texts are in memory together. */
const READ_TOGETHER = 32;
/** With which the text of a section begins. */
const OWN_HEADINGS = /^(?:\s*#{1,6}[ \t][^\n]*\n)+/;
const STAGED_TOGETHER = 100;
/** Chunks that are embedded before progress is told. Documents that have fewer are embedded and put in together. */
const EMBEDDED_TOGETHER = 64;

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

interface CutDocument {
  readonly document: PendingDocument;
  readonly chunks: readonly Chunk[];
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
    refuseUnstorable('documents', documents as unknown as Json);
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

  /**
   * Makes kept documents findable, a few at a time: whatever was done when a process dies is not done again. Those that somebody
   * else indexed, replaced or deleted meanwhile are passed over.
   */
  async index(collection: Collection, ids: readonly string[], options: IngestOptions): Promise<Omit<IngestResult, 'documents_unchanged'>> {
    const embedder = this.embeddings.embedder(collection.tenant, collection.embedding);
    const { documents } = await this.documents.indexedOf(collection.id, ids);
    const progress = { documents, documents_total: ids.length, chunks: 0 };
    const tell = (more: { readonly documents?: number; readonly chunks?: number }): void => {
      progress.documents += more.documents ?? 0;
      progress.chunks += more.chunks ?? 0;
      options.onProgress?.({ ...progress });
    };
    for (let at = 0; at < ids.length; at += READ_TOGETHER) {
      let group: CutDocument[] = [];
      for (const document of await this.documents.pending(collection.id, ids.slice(at, at + READ_TOGETHER))) {
        options.signal.throwIfAborted();
        const embed = (texts: readonly string[]): Promise<Float32Array[]> => embedder.embed(texts, options.signal);
        group.push({ document, chunks: await chunked(document.text, document.chunking, embed) });
        if (group.reduce((sum, { chunks }) => sum + chunks.length, 0) < EMBEDDED_TOGETHER) continue;
        await this.indexGroup(collection, group, embedder, options.signal, tell);
        group = [];
      }
      await this.indexGroup(collection, group, embedder, options.signal, tell);
    }
    const indexed = await this.documents.indexedOf(collection.id, ids);
    if (indexed.chunks > 0) await this.indexes.ensure(collection);
    return { documents_ingested: indexed.documents, chunks_created: indexed.chunks };
  }

  /** Finds the vectors of documents that are cut, and puts their chunks in. */
  private async indexGroup(
    collection: Collection,
    group: readonly CutDocument[],
    embedder: Embedder,
    signal: AbortSignal,
    tell: (more: { readonly documents?: number; readonly chunks?: number }) => void,
  ): Promise<void> {
    if (group.length === 0) return;
    const texts = group.flatMap(({ chunks }) => chunks.map(inContext));
    const vectors: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += EMBEDDED_TOGETHER) {
      const batch = texts.slice(at, at + EMBEDDED_TOGETHER);
      vectors.push(...(await embedder.embed(batch, signal)));
      tell({ chunks: batch.length });
    }
    let next = 0;
    const prepared = group.map(({ document, chunks }) => ({
      id: document.id,
      revision: document.revision,
      chunks: chunks.map((chunk, index) => newChunk(chunk, index, document.metadata, vectors[next++] as Float32Array)),
    }));
    const done = await this.documents.index(collection, prepared);
    tell({ documents: done.length });
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
    .update(canonicalJson([strategy, size, overlap, metadata]))
    .update('\n')
    .update(text)
    .digest();
}
