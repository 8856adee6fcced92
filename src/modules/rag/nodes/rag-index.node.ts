import type { JsonObject, NodeCall, StepNodeType } from '../../../engine/index.js';
import { NO_INPUTS, NodeTypeProvider, objectOf } from '../../nodes/index.js';
import { CollectionsService } from '../collections.service.js';
import { MAX_DOCUMENTS } from '../dto/document.dto.js';
import { IngestService } from '../ingest.service.js';
import { asStepError } from './step-errors.js';

export const RAG_INDEX = 'rag.index';

@NodeTypeProvider()
export class RagIndexNode implements StepNodeType {
  readonly type = RAG_INDEX;
  readonly category = 'rag';
  readonly description = 'Makes documents findable that a collection keeps and that are `pending`: what a large ingest runs.';
  readonly pure = false;
  readonly configSchema = objectOf(
    {
      collection: { type: 'string', minLength: 1, description: 'Name of the collection.' },
      documents: { type: 'array', maxItems: MAX_DOCUMENTS, items: { type: 'string', minLength: 1 }, description: 'Their ids.' },
    },
    ['collection', 'documents'],
  );
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf({ documents_ingested: { type: 'integer' }, chunks_created: { type: 'integer' } }, [
    'documents_ingested',
    'chunks_created',
  ]);

  constructor(
    private readonly collections: CollectionsService,
    private readonly ingestion: IngestService,
  ) {}

  async execute(call: NodeCall): Promise<JsonObject> {
    const { config, run, signal } = call;
    try {
      const collection = await this.collections.find(run.tenant, String(config['collection']));
      const ids = Array.isArray(config['documents']) ? config['documents'].map(String) : [];
      const onProgress = (progress: object): void => call.emit('step.output', { progress: { ...progress } });
      return { ...(await this.ingestion.index(collection, ids, { signal, onProgress })) };
    } catch (error) {
      throw asStepError(error);
    }
  }
}
