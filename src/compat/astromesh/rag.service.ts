import { Injectable } from '@nestjs/common';
import { CollectionsService, DocumentsService, type NewDocument } from '../../modules/rag/index.js';
import { AppError, UnprocessableError } from '../../platform/errors/app-error.js';
import type { Principal } from '../../platform/http/permissions.js';
import { orInstead } from '../kit/index.js';
import type { AstromeshIngestDto, AstromeshQueryDto } from './astromesh.dto.js';
import { collectionNotFound, pipelineNotFound } from './errors.js';

const DEFAULT_CHUNK_SIZE = 512;
const DEFAULT_TOP_K = 5;

/** Collections as Astromesh fills and queries them, by that name or as pipelines. */
@Injectable()
export class AstromeshRag {
  constructor(
    private readonly collections: CollectionsService,
    private readonly documents: DocumentsService,
  ) {}

  ingest(principal: Principal, body: AstromeshIngestDto, signal: AbortSignal): Promise<object> {
    return body.pipeline === undefined
      ? this.intoCollection(principal, body, signal)
      : this.intoPipeline(principal, body.pipeline, body, signal);
  }

  async query(principal: Principal, body: AstromeshQueryDto, signal: AbortSignal): Promise<object> {
    const { collection, pipeline, query, top_k = DEFAULT_TOP_K, score_threshold = 0 } = body;
    const name = collection ?? pipeline ?? '';
    const missing = collection === undefined ? pipelineNotFound(name) : collectionNotFound(name);
    const search = { query, top_k, score_threshold, mode: 'vector' } as const;
    const { results } = await orInstead(this.documents.query(principal, name, search, signal), missing);
    return {
      query,
      top_k,
      results: results.map(({ text, score, metadata, document_id }) => ({ text, score, metadata, content: text, doc_id: document_id })),
    };
  }

  private async intoCollection(principal: Principal, body: AstromeshIngestDto, signal: AbortSignal): Promise<object> {
    const { collection = '', documents = [], chunk_size = DEFAULT_CHUNK_SIZE, chunk_overlap } = body;
    await this.collections.ensure(principal, collection);
    const chunking = { chunk_size, ...(chunk_overlap === undefined ? {} : { chunk_overlap }) };
    return this.put(principal, collection, documents, chunking, signal);
  }

  /** The pipeline says how it is cut. */
  private intoPipeline(principal: Principal, name: string, body: AstromeshIngestDto, signal: AbortSignal): Promise<object> {
    const { document: text = '', metadata = {}, doc_id_prefix: id } = body;
    const document = { text, metadata, ...(id === undefined ? {} : { id }) };
    return orInstead(this.put(principal, name, [document], {}, signal), pipelineNotFound(name));
  }

  private async put(
    principal: Principal,
    name: string,
    documents: readonly NewDocument[],
    chunking: { readonly chunk_size?: number; readonly chunk_overlap?: number },
    signal: AbortSignal,
  ): Promise<object> {
    const body = { documents: [...documents], chunking };
    const ingested = await this.documents.ingest(principal, name, body, signal).catch((error: unknown) => {
      throw withOurPlaces(error);
    });
    const { documents_ingested: fresh, documents_unchanged: known, chunks_created: chunks } = ingested;
    return { collection: name, documents_ingested: fresh + known, chunks_created: chunks, pipeline: name, chunks };
  }
}

/** What is wrong with `chunking` stands beside the documents here. */
function withOurPlaces(error: unknown): unknown {
  if (!(error instanceof AppError) || error.errors.length === 0) return error;
  return new UnprocessableError(
    error.detail,
    error.errors.map((fault) => ({ ...fault, path: fault.path.replace('/chunking/', '/') })),
    error.code,
  );
}
