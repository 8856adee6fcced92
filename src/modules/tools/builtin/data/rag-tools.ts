import { isJsonObject, type JsonObject, StepError } from '../../../../engine/index.js';
import { AppError } from '../../../../platform/errors/app-error.js';
import { objectOf } from '../../../nodes/index.js';
import { CollectionsService, type Found, IngestService, SEARCH_MODES, SearchService, type SearchMode } from '../../../rag/index.js';
import { notConfigured } from '../../execution/tool-settings.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';

const COLLECTION: JsonObject = { type: 'string', minLength: 1, maxLength: 100 };
const TOP_K: JsonObject = { type: 'integer', minimum: 1, maximum: 100, default: 5 };
const CONFIG = {
  collection: { ...COLLECTION, description: 'Which collection; then the call cannot choose another.' },
  pipeline: { ...COLLECTION, description: 'The same, as Astromesh calls it.' },
};
const RESULT = objectOf(
  {
    text: { type: 'string' },
    score: { type: 'number' },
    metadata: { type: 'object' },
    document_id: { type: 'string' },
    chunk_index: { type: 'integer' },
  },
  ['text', 'score', 'metadata', 'document_id', 'chunk_index'],
);
export const RESULTS = objectOf({ results: { type: 'array', items: RESULT } }, ['results']);

@ToolProvider()
export class RagQueryTool implements ExecutedTool {
  readonly name = 'rag_query';
  readonly type = 'builtin';
  readonly access = 'rag.read';
  readonly description = 'Search a collection of documents for passages that answer a query.';
  readonly inputSchema = objectOf(
    {
      query: { type: 'string', minLength: 1, maxLength: 10_000 },
      top_k: TOP_K,
      collection: { ...COLLECTION, description: 'Needed when none is configured.' },
    },
    ['query'],
  );
  readonly outputSchema = RESULTS;
  readonly configSchema = objectOf({
    ...CONFIG,
    top_k: TOP_K,
    mode: { type: 'string', enum: [...SEARCH_MODES], default: 'hybrid' },
    score_threshold: { type: 'number', minimum: -1, maximum: 1, default: 0 },
    filter: { type: 'object', description: 'Over metadata, as in `POST /rag/collections/{name}/query`.' },
    rerank: { type: 'boolean', default: false },
  });

  constructor(
    private readonly collections: CollectionsService,
    private readonly searches: SearchService,
  ) {}

  execute({ input, config, tenant, signal }: ToolCall): Promise<JsonObject> {
    return asSteps(async () => {
      const collection = await this.collections.find(tenant, collectionOf(input, config));
      const found = await this.searches.search(
        collection,
        {
          query: String(input['query']),
          mode: (config['mode'] ?? 'hybrid') as SearchMode,
          topK: Number(input['top_k'] ?? config['top_k'] ?? 5),
          scoreThreshold: Number(config['score_threshold'] ?? 0),
          rerank: config['rerank'] === true,
          ...(isJsonObject(config['filter']) ? { filter: config['filter'] } : {}),
        },
        signal,
      );
      return { results: found.map(toResult) };
    });
  }
}

@ToolProvider()
export class RagIngestTool implements ExecutedTool {
  readonly name = 'rag_ingest';
  readonly type = 'builtin';
  readonly access = 'rag.write';
  readonly description = 'Put a document into a collection, where it can be found from then on.';
  readonly inputSchema = objectOf(
    {
      document: { type: 'string', minLength: 1, maxLength: 2_000_000 },
      metadata: { type: 'object' },
      id: {
        type: 'string',
        minLength: 1,
        maxLength: 300,
        description: 'A document of this id is replaced; without it, the hash of the content.',
      },
      collection: { ...COLLECTION, description: 'Needed when none is configured.' },
    },
    ['document'],
  );
  readonly outputSchema = objectOf({ ingested: { type: 'boolean' }, chunks_created: { type: 'integer' } }, ['ingested', 'chunks_created']);
  readonly configSchema = objectOf(CONFIG);

  constructor(
    private readonly collections: CollectionsService,
    private readonly ingestion: IngestService,
  ) {}

  execute({ input, config, tenant, signal }: ToolCall): Promise<JsonObject> {
    return asSteps(async () => {
      const collection = await this.collections.find(tenant, collectionOf(input, config));
      const document = {
        text: String(input['document']),
        ...(typeof input['id'] === 'string' ? { id: input['id'] } : {}),
        ...(isJsonObject(input['metadata']) ? { metadata: input['metadata'] } : {}),
      };
      const { chunks_created } = await this.ingestion.ingest(collection, [document], collection.chunking, { signal });
      return { ingested: true, chunks_created };
    });
  }
}

export function toResult({ text, score, metadata, documentId, chunkIndex }: Found): JsonObject {
  return { text, score, metadata, document_id: documentId, chunk_index: chunkIndex };
}

/** What the config says, which the model cannot change; else what the call says. */
function collectionOf(input: JsonObject, config: JsonObject): string {
  const name = config['collection'] ?? config['pipeline'] ?? input['collection'];
  if (typeof name === 'string') return name;
  throw notConfigured('name a "collection" in the call or in the config of the tool', ['collection']);
}

/** What a refusal means to a caller of tools. */
export async function asSteps<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const details = error.errors.map(({ path, message }) => ({ path, message }));
    throw new StepError(error.code, error.detail, { retryable: error.status >= 500, details, cause: error });
  }
}
