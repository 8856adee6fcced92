export { Embeddings } from './embeddings.service.js';
export { EmbeddingsModule } from './embeddings.module.js';
export { LOCAL_MODEL, type Embedder, type EmbeddingModelSpec } from './embedding-model.js';
