import { Module } from '@nestjs/common';
import { EgressModule } from '../../platform/egress/index.js';
import { EmbeddingsModule } from '../embeddings/index.js';
import { CollectionStore } from './collection.store.js';
import { CollectionsService } from './collections.service.js';
import { DocumentStore } from './document.store.js';
import { DocumentsService } from './documents.service.js';
import { IngestService } from './ingest.service.js';
import { RagIngestNode } from './nodes/rag-ingest.node.js';
import { RagQueryNode } from './nodes/rag-query.node.js';
import { RagController } from './rag.controller.js';
import { Reranker } from './retrieval/reranker.js';
import { TextSearch } from './retrieval/text-search.js';
import { VectorIndexes } from './retrieval/vector-indexes.js';
import { VectorSearch } from './retrieval/vector-search.js';
import { SearchService } from './search.service.js';

/** Collections of documents that are found by meaning and by words. */
@Module({
  imports: [EgressModule, EmbeddingsModule],
  controllers: [RagController],
  providers: [
    CollectionStore,
    DocumentStore,
    CollectionsService,
    DocumentsService,
    IngestService,
    SearchService,
    VectorSearch,
    VectorIndexes,
    TextSearch,
    Reranker,
    RagIngestNode,
    RagQueryNode,
  ],
  exports: [CollectionsService, IngestService, SearchService],
})
export class RagModule {}
