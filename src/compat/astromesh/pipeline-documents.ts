import type { CollectionDto, CollectionSummaryDto, CreateCollectionDto } from '../../modules/rag/index.js';
import type { AstromeshPipelineDto } from './pipeline.dto.js';

const OLLAMA = { model: 'nomic-embed-text', endpoint: 'http://localhost:11434' };
const BACKEND = 'postgres';

/** The collection that a pipeline is here. */
export function collectionOf({ metadata, spec = {} }: AstromeshPipelineDto): CreateCollectionDto {
  const { description, chunking: { strategy, chunk_size, overlap } = {}, embeddings = {} } = spec;
  const embedding = embeddingOf(embeddings);
  return {
    name: metadata.name,
    ...defined({ description, embedding }),
    chunking: defined({ strategy, chunk_size, chunk_overlap: overlap }),
  };
}

type Embeddings = NonNullable<NonNullable<AstromeshPipelineDto['spec']>['embeddings']>;

function embeddingOf({ provider = 'local', model, endpoint, dimension }: Embeddings): CreateCollectionDto['embedding'] {
  switch (provider) {
    case 'local':
      return undefined;
    case 'ollama':
      return {
        provider: 'openai_compatible',
        model: model ?? OLLAMA.model,
        base_url: `${(endpoint ?? OLLAMA.endpoint).replace(/\/(v1\/?)?$/, '')}/v1`,
        ...defined({ dimensions: dimension }),
      };
    case 'openai':
    case 'openai_compatible':
      return { provider, ...defined({ model, base_url: endpoint, dimensions: dimension }) };
  }
}

export function pipelineItem({ name, description }: CollectionSummaryDto): object {
  return { name, description: description ?? '', backend: BACKEND };
}

/** A collection as a pipeline's document. */
export function pipelineDocument({ name, description, chunking, embedding }: CollectionDto): object {
  return {
    apiVersion: 'astromesh/v1',
    kind: 'RAGPipeline',
    metadata: { name },
    spec: {
      description: description ?? '',
      chunking: { strategy: chunking.strategy, chunk_size: chunking.chunk_size, overlap: chunking.chunk_overlap },
      embeddings: {
        provider: embedding.provider,
        model: embedding.model,
        ...defined({ endpoint: embedding.base_url }),
        dimension: embedding.dimensions,
      },
      vector_store: { backend: BACKEND },
    },
  };
}

function defined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}
