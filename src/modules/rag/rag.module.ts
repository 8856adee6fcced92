import { Module } from '@nestjs/common';
import { EgressModule } from '../../platform/egress/index.js';
import { EmbeddingsModule } from '../embeddings/index.js';
import { RunsModule } from '../runs/index.js';
import { WorkflowsModule } from '../workflows/index.js';
import { CollectionStore } from './collection.store.js';
import { CollectionsService } from './collections.service.js';
import { DocumentStore } from './document.store.js';
import { DocumentsService } from './documents.service.js';
import { IngestRuns } from './ingest-runs.service.js';
import { IngestService } from './ingest.service.js';
import { RagIndexNode } from './nodes/rag-index.node.js';
import { RagIngestNode } from './nodes/rag-ingest.node.js';
import { RagQueryNode } from './nodes/rag-query.node.js';
import { RagController } from './rag.controller.js';
import { Reranker } from './retrieval/reranker.js';
import { TextSearch } from './retrieval/text-search.js';
import { VectorIndexes } from './retrieval/vector-indexes.js';
import { VectorSearch } from './retrieval/vector-search.js';
import { WordCounts } from './retrieval/word-counts.js';
import { SearchService } from './search.service.js';
import { VectorsCheck } from './vectors-check.js';

/** Collections of documents that are found by meaning and by words. */
@Module({
  imports: [EgressModule, EmbeddingsModule, RunsModule, WorkflowsModule],
  controllers: [RagController],
  providers: [
    CollectionStore,
    DocumentStore,
    CollectionsService,
    DocumentsService,
    IngestService,
    IngestRuns,
    SearchService,
    VectorSearch,
    VectorIndexes,
    TextSearch,
    WordCounts,
    Reranker,
    VectorsCheck,
    RagIngestNode,
    RagIndexNode,
    RagQueryNode,
  ],
  exports: [CollectionsService, DocumentsService, IngestService, SearchService],
})
export class RagModule {}
