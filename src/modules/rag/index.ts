export { RagModule } from './rag.module.js';
/** Collections of a tenant, what is put into them and what is found in them. */
export { CollectionsService } from './collections.service.js';
export { DocumentsService } from './documents.service.js';
export { IngestService } from './ingest.service.js';
export { SearchService, type Search } from './search.service.js';
export { SEARCH_MODES } from './rag.types.js';
export type { Collection, Found, IngestResult, NewDocument, SearchMode } from './rag.types.js';
export type { CollectionDto, CollectionSummaryDto, CreateCollectionDto } from './dto/collection.dto.js';
