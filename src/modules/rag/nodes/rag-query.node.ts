import { isJsonObject, type JsonObject, type NodeCall, type StepNodeType } from '../../../engine/index.js';
import { NO_INPUTS, NodeTypeProvider, objectOf } from '../../nodes/index.js';
import { CollectionsService } from '../collections.service.js';
import { DEFAULT_TOP_K, MAX_TOP_K, toFoundDto } from '../dto/query.dto.js';
import { SEARCH_MODES, type SearchMode } from '../rag.types.js';
import { SearchService } from '../search.service.js';
import { asStepError } from './step-errors.js';

@NodeTypeProvider()
export class RagQueryNode implements StepNodeType {
  readonly type = 'rag.query';
  readonly category = 'rag';
  readonly description = 'Finds chunks of a collection, by meaning, by words, or by both.';
  readonly pure = false;
  readonly configSchema = objectOf(
    {
      collection: { type: 'string', minLength: 1, description: 'Name of the collection.' },
      query: { type: 'string', minLength: 1, maxLength: 10_000 },
      top_k: { type: 'integer', minimum: 1, maximum: MAX_TOP_K, default: DEFAULT_TOP_K },
      score_threshold: { type: 'number', minimum: -1, maximum: 1, default: 0, description: 'Only what scores at least this.' },
      mode: { type: 'string', enum: [...SEARCH_MODES], default: 'hybrid' },
      filter: { type: 'object', default: {}, description: 'Over metadata, as in `POST /rag/collections/{name}/query`.' },
      rerank: { type: 'boolean', default: false },
    },
    ['collection', 'query'],
  );
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf(
    {
      results: {
        type: 'array',
        items: objectOf(
          {
            text: { type: 'string' },
            score: { type: 'number' },
            metadata: { type: 'object' },
            document_id: { type: 'string' },
            chunk_index: { type: 'integer' },
          },
          ['text', 'score', 'metadata', 'document_id', 'chunk_index'],
        ),
      },
    },
    ['results'],
  );

  constructor(
    private readonly collections: CollectionsService,
    private readonly searches: SearchService,
  ) {}

  async execute({ config, run, signal }: NodeCall): Promise<JsonObject> {
    try {
      const collection = await this.collections.find(run.tenant, String(config['collection']));
      const found = await this.searches.search(
        collection,
        {
          query: String(config['query']),
          mode: (config['mode'] ?? 'hybrid') as SearchMode,
          topK: Number(config['top_k'] ?? DEFAULT_TOP_K),
          scoreThreshold: Number(config['score_threshold'] ?? 0),
          rerank: config['rerank'] === true,
          ...(isJsonObject(config['filter']) ? { filter: config['filter'] } : {}),
        },
        signal,
      );
      return { results: found.map((chunk) => ({ ...toFoundDto(chunk) })) };
    } catch (error) {
      throw asStepError(error);
    }
  }
}
