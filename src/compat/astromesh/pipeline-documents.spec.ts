import { expect, it } from 'vitest';
import type { CollectionDto } from '../../modules/rag/index.js';
import { collectionOf, pipelineDocument, pipelineItem } from './pipeline-documents.js';
import type { AstromeshPipelineDto } from './pipeline.dto.js';

type Spec = NonNullable<AstromeshPipelineDto['spec']>;
const OLLAMA = { provider: 'openai_compatible', model: 'nomic-embed-text', base_url: 'http://localhost:11434/v1' };

it.each<[string, Spec, object]>([
  ['nothing', {}, { name: 'docs', chunking: {} }],
  ['what it is for', { description: 'x' }, { description: 'x' }],
  [
    'how texts are cut',
    { chunking: { strategy: 'fixed', chunk_size: 300, overlap: 20 } },
    { chunking: { strategy: 'fixed', chunk_size: 300, chunk_overlap: 20 } },
  ],
  ['the model that is there', { embeddings: { provider: 'local' } }, { name: 'docs', chunking: {} }],
  ['Ollama', { embeddings: { provider: 'ollama' } }, { embedding: OLLAMA }],
  ['Ollama elsewhere', { embeddings: { provider: 'ollama', endpoint: 'http://gpu:1/' } }, { embedding: { base_url: 'http://gpu:1/v1' } }],
  [
    'Ollama by its other face',
    { embeddings: { provider: 'ollama', endpoint: 'http://gpu:1/v1' } },
    { embedding: { base_url: 'http://gpu:1/v1' } },
  ],
  [
    'OpenAI',
    { embeddings: { provider: 'openai', model: 'text-embedding-3-small', dimension: 512 } },
    { embedding: { provider: 'openai', model: 'text-embedding-3-small', dimensions: 512 } },
  ],
])('a pipeline that says %s', (_, spec, collection) => {
  expect(collectionOf({ metadata: { name: 'docs' }, spec })).toMatchObject(collection);
});

it('is told as a document', () => {
  const collection = {
    name: 'docs',
    description: null,
    chunking: { strategy: 'recursive', chunk_size: 500, chunk_overlap: 50 },
    embedding: { provider: 'openai_compatible', model: 'm', base_url: 'http://gpu/v1', dimensions: 8 },
  } as unknown as CollectionDto;
  expect(pipelineItem(collection)).toEqual({ name: 'docs', description: '', backend: 'postgres' });
  expect(pipelineDocument(collection)).toEqual({
    apiVersion: 'astromesh/v1',
    kind: 'RAGPipeline',
    metadata: { name: 'docs' },
    spec: {
      description: '',
      chunking: { strategy: 'recursive', chunk_size: 500, overlap: 50 },
      embeddings: { provider: 'openai_compatible', model: 'm', endpoint: 'http://gpu/v1', dimension: 8 },
      vector_store: { backend: 'postgres' },
    },
  });
});
