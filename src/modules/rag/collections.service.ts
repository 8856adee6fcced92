import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { FieldError } from '../../platform/errors/app-error.js';
import { ConflictError, UnprocessableError } from '../../platform/errors/app-error.js';
import type { Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { Embeddings, LOCAL_MODEL, type EmbeddingModelSpec } from '../embeddings/index.js';
import type { Chunking } from './chunking/index.js';
import { CollectionStore } from './collection.store.js';
import {
  type ChunkingDto,
  type CollectionDto,
  type CollectionSummaryDto,
  type CreateCollectionDto,
  DEFAULT_CHUNKING,
  type EmbeddingDto,
  toCollectionDto,
  toCollectionSummary,
} from './dto/collection.dto.js';
import { asProblem, collectionExists, collectionNotFound } from './rag.errors.js';
import type { Collection } from './rag.types.js';
import { VectorIndexes } from './retrieval/vector-indexes.js';

const OPENAI = { base_url: 'https://api.openai.com/v1', api_key_env: 'OPENAI_API_KEY' } as const;

/** Collections of the caller's tenant. */
@Injectable()
export class CollectionsService {
  constructor(
    private readonly store: CollectionStore,
    private readonly embeddings: Embeddings,
    private readonly indexes: VectorIndexes,
  ) {}

  /** `reservedId`: a collection of this id that exists already was made by this very request. */
  async create({ tenant }: Principal, body: CreateCollectionDto, reservedId?: string): Promise<CollectionDto> {
    const { name, description = null, language = 'english', reranker = null } = body;
    const chunking = chunkingOf(body.chunking ?? {}, DEFAULT_CHUNKING);
    if (!(await this.store.knowsLanguage(language))) throw invalid('/language', 'is no text search configuration of this database');
    const embedding = await this.modelOf(tenant, body.embedding);
    const id = reservedId ?? uuidv7();
    const created = await this.store.create({ id, tenant, name, description, embedding, chunking, language, reranker });
    const collection = await this.find(tenant, name);
    if (!created && collection.id !== id) throw collectionExists(name);
    return toCollectionDto(collection, await this.store.sizeOf(collection.id));
  }

  /** The collection of that name; made with nothing but its name when there is none. */
  async ensure(principal: Principal, name: string): Promise<void> {
    if ((await this.store.find(principal.tenant, name)) !== null) return;
    await this.create(principal, { name }).catch((error: unknown) => {
      // Somebody else made it meanwhile.
      if (!(error instanceof ConflictError)) throw error;
    });
  }

  list({ tenant }: Principal, query: PageQueryDto): Promise<Page<CollectionSummaryDto>> {
    return this.store.list(tenant, query, toCollectionSummary);
  }

  async get({ tenant }: Principal, name: string): Promise<CollectionDto> {
    const collection = await this.find(tenant, name);
    return toCollectionDto(collection, await this.store.sizeOf(collection.id));
  }

  /** All of the tenant, by name. */
  async all(tenant: string): Promise<Collection[]> {
    return this.store.all(tenant);
  }

  async delete({ tenant }: Principal, name: string): Promise<void> {
    const id = await this.store.delete(tenant, name);
    if (id === null) throw collectionNotFound();
    await this.indexes.drop(id);
  }

  /** Throws `NotFoundError`. */
  async find(tenant: string, name: string): Promise<Collection> {
    const collection = await this.store.find(tenant, name);
    if (collection === null) throw collectionNotFound();
    return collection;
  }

  private async modelOf(tenant: string, body: EmbeddingDto = { provider: 'local' }): Promise<EmbeddingModelSpec> {
    const { provider, model, base_url: baseUrl, dimensions, ...rest } = body;
    if (provider === 'local') {
      const others = Object.entries(body).filter(([key, value]) => key !== 'provider' && value !== undefined);
      const odd = others.find(([key, value]) => (LOCAL_MODEL as unknown as Record<string, unknown>)[key] !== value);
      if (odd !== undefined) throw invalid(`/embedding/${odd[0]}`, 'cannot be chosen for the local model');
      return LOCAL_MODEL;
    }
    if (model === undefined) throw invalid('/embedding/model', 'is required unless the provider is local', 'required');
    if (provider === 'openai_compatible' && baseUrl === undefined) throw invalid('/embedding/base_url', 'is required', 'required');
    const usual = provider === 'openai' ? OPENAI : {};
    const spec = {
      ...usual,
      ...rest,
      provider: 'openai_compatible' as const,
      model,
      ...(baseUrl === undefined ? {} : { base_url: baseUrl }),
    };
    return { ...spec, dimensions: dimensions ?? (await this.measured(tenant, spec)) };
  }

  /** The length of the vectors that a model really gives. */
  private async measured(tenant: string, spec: Omit<EmbeddingModelSpec, 'dimensions'>): Promise<number> {
    try {
      const [vector] = await this.embeddings.embedder(tenant, spec).embed(['How long is a vector?'], AbortSignal.timeout(20_000));
      return vector?.length ?? 0;
    } catch (error) {
      throw asProblem(error);
    }
  }
}

/** What is asked for, completed; throws when the overlap leaves no room. */
export function chunkingOf(asked: ChunkingDto, usual: Chunking): Chunking {
  const chunking = {
    strategy: asked.strategy ?? usual.strategy,
    chunk_size: asked.chunk_size ?? usual.chunk_size,
    chunk_overlap: asked.chunk_overlap ?? Math.min(usual.chunk_overlap, Math.floor((asked.chunk_size ?? usual.chunk_size) / 4)),
  };
  if (chunking.chunk_overlap >= chunking.chunk_size) throw invalid('/chunking/chunk_overlap', 'must be less than chunk_size');
  return chunking;
}

function invalid(path: string, message: string, code = 'invalid'): UnprocessableError {
  const errors: FieldError[] = [{ path, code, message }];
  return new UnprocessableError('the body is not valid', errors);
}
