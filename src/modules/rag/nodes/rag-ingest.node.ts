import { isJsonObject, StepError, type Json, type JsonObject, type NodeCall, type StepNodeType } from '../../../engine/index.js';
import { NO_INPUTS, NodeTypeProvider, objectOf } from '../../nodes/index.js';
import { CHUNKING_STRATEGIES } from '../chunking/index.js';
import { chunkingOf, CollectionsService } from '../collections.service.js';
import type { ChunkingDto } from '../dto/collection.dto.js';
import { MAX_DOCUMENTS } from '../dto/document.dto.js';
import { IngestService } from '../ingest.service.js';
import type { NewDocument } from '../rag.types.js';
import { asStepError } from './step-errors.js';

const DOCUMENT = objectOf(
  { id: { type: 'string', minLength: 1, maxLength: 300 }, text: { type: 'string', minLength: 1 }, metadata: { type: 'object' } },
  ['text'],
);

@NodeTypeProvider()
export class RagIngestNode implements StepNodeType {
  readonly type = 'rag.ingest';
  readonly category = 'rag';
  readonly description = 'Puts documents into a collection. The same document with the same content is left alone.';
  readonly pure = false;
  readonly configSchema = objectOf(
    {
      collection: { type: 'string', minLength: 1, description: 'Name of the collection.' },
      documents: { type: 'array', minItems: 1, maxItems: MAX_DOCUMENTS, items: DOCUMENT },
      chunking: objectOf({
        strategy: { type: 'string', enum: [...CHUNKING_STRATEGIES] },
        chunk_size: { type: 'integer', minimum: 50, maximum: 20_000 },
        chunk_overlap: { type: 'integer', minimum: 0 },
      }),
    },
    ['collection', 'documents'],
  );
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf(
    { documents_ingested: { type: 'integer' }, chunks_created: { type: 'integer' }, documents_unchanged: { type: 'integer' } },
    ['documents_ingested', 'chunks_created', 'documents_unchanged'],
  );

  constructor(
    private readonly collections: CollectionsService,
    private readonly ingestion: IngestService,
  ) {}

  async execute(call: NodeCall): Promise<JsonObject> {
    const { config, run, signal } = call;
    try {
      const collection = await this.collections.find(run.tenant, String(config['collection']));
      const chunking = chunkingOf((config['chunking'] ?? {}) as ChunkingDto, collection.chunking);
      const result = await this.ingestion.ingest(collection, documentsOf(config['documents']), chunking, {
        signal,
        onProgress: (progress) => call.emit('step.output', { progress: { ...progress } }),
      });
      return { ...result };
    } catch (error) {
      throw asStepError(error);
    }
  }
}

function documentsOf(value: Json | undefined): NewDocument[] {
  if (!Array.isArray(value)) throw new StepError('invalid_config', 'documents must be a list', { retryable: false });
  return value.filter(isJsonObject).map((document) => document as unknown as NewDocument);
}
