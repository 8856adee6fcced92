import { Module } from '@nestjs/common';
import { EgressModule } from '../../platform/egress/index.js';
import { Embeddings } from './embeddings.service.js';
import { LocalEmbedder } from './local-embedder.js';

/** Texts to vectors, by the model that ships with the server or by an endpoint. */
@Module({ imports: [EgressModule], providers: [Embeddings, LocalEmbedder], exports: [Embeddings] })
export class EmbeddingsModule {}
