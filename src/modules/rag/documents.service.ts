import { Injectable } from '@nestjs/common';
import type { Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import type { RunDto } from '../runs/index.js';
import { chunkingOf, CollectionsService } from './collections.service.js';
import { DocumentStore } from './document.store.js';
import { type DocumentDto, type DocumentSummaryDto, type IngestDto, toDocumentSummary } from './dto/document.dto.js';
import { DEFAULT_TOP_K, type QueryCollectionDto, type QueryResultDto, toFoundDto } from './dto/query.dto.js';
import { IngestRuns } from './ingest-runs.service.js';
import { IngestService } from './ingest.service.js';
import { asProblem, documentNotFound } from './rag.errors.js';
import type { IngestResult } from './rag.types.js';
import { SearchService } from './search.service.js';

/** Documents of collections of the caller's tenant, and what can be found in them. */
@Injectable()
export class DocumentsService {
  constructor(
    private readonly collections: CollectionsService,
    private readonly documents: DocumentStore,
    private readonly ingestion: IngestService,
    private readonly runs: IngestRuns,
    private readonly searches: SearchService,
  ) {}

  async ingest({ tenant }: Principal, name: string, body: IngestDto, signal: AbortSignal): Promise<IngestResult> {
    const collection = await this.collections.find(tenant, name);
    const chunking = chunkingOf(body.chunking ?? {}, collection.chunking);
    try {
      return await this.ingestion.ingest(collection, body.documents, chunking, { signal });
    } catch (error) {
      throw asProblem(error);
    }
  }

  /** Keeps the documents, and makes them findable in a run. `id`: reserved for the run. */
  async ingestLater({ tenant }: Principal, name: string, body: IngestDto, id: string | undefined): Promise<RunDto> {
    const collection = await this.collections.find(tenant, name);
    const chunking = chunkingOf(body.chunking ?? {}, collection.chunking);
    const staged = await this.ingestion.stage(collection, body.documents, chunking);
    return this.runs.start(collection, staged, body.documents.length - staged.length, id);
  }

  async list({ tenant }: Principal, name: string, query: PageQueryDto): Promise<Page<DocumentSummaryDto>> {
    const { id } = await this.collections.find(tenant, name);
    return this.documents.list(id, query, toDocumentSummary);
  }

  async get({ tenant }: Principal, name: string, documentId: string): Promise<DocumentDto> {
    const { id } = await this.collections.find(tenant, name);
    const document = await this.documents.find(id, documentId);
    if (document === null) throw documentNotFound();
    return { ...toDocumentSummary(document), text: document.text };
  }

  async delete({ tenant }: Principal, name: string, documentId: string): Promise<void> {
    const { id } = await this.collections.find(tenant, name);
    if (!(await this.documents.delete(id, documentId))) throw documentNotFound();
  }

  async query({ tenant }: Principal, name: string, body: QueryCollectionDto, signal: AbortSignal): Promise<QueryResultDto> {
    const collection = await this.collections.find(tenant, name);
    const { query, top_k: topK = DEFAULT_TOP_K, score_threshold: scoreThreshold = 0, filter, mode = 'hybrid', rerank = false } = body;
    const search = { query, mode, topK, scoreThreshold, rerank, ...(filter === undefined ? {} : { filter }) };
    try {
      return { results: (await this.searches.search(collection, search, signal)).map(toFoundDto) };
    } catch (error) {
      throw asProblem(error);
    }
  }
}
