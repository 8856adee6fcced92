import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { JsonObject } from '../../engine/index.js';
import { Embeddings } from '../embeddings/index.js';
import type { MemoryMessage, MemorySettings, MemoryTurn } from './agent-memory.js';
import { EntryStore, type EntryRow, type FoundEntry, type NewEntry, type QueryVector, type Whose } from './entry.store.js';
import { type MemoryEmbedding, modelOf, vectorSpace } from './memory-model.js';
import { estimatedTokens } from './strategies.js';

type Semantic = NonNullable<MemorySettings['semantic']>;

/** With the local model a question and its answer are at 0.35 to 0.65, what has nothing to do with it below 0.35. */
const DEFAULT_THRESHOLD = 0.45;
const DEFAULT_MAX_RESULTS = 10;
const DEFAULT_MIN_TOKENS = 50;
/** Nobody can hang up on a step of a run. */
const NEVER = new AbortController().signal;

/** An agent whose memory is meant. */
export interface Remembering {
  readonly tenant: string;
  readonly agent: string;
  readonly embedding: MemoryEmbedding | undefined;
}

export interface NewFact {
  readonly id: string;
  readonly text: string;
  readonly subject: string | null;
  readonly metadata: JsonObject;
  readonly ttl?: number | undefined;
}

/** What an agent knows beyond a conversation, found by meaning with the model that its definition names, or the one that ships with the server. */
@Injectable()
export class SemanticMemory {
  constructor(
    private readonly embeddings: Embeddings,
    private readonly entries: EntryStore,
  ) {}

  /** What the settings say is to be kept of a turn, ready to be stored. */
  async entriesOf(turn: MemoryTurn, settings: Semantic, messages: readonly MemoryMessage[], subject: string | null): Promise<NewEntry[]> {
    const { store_on: storeOn = 'turns', roles = ['assistant'], min_tokens: least = DEFAULT_MIN_TOKENS, ttl } = settings;
    const kept = messages.filter(({ role, content }) => roles.includes(role) && estimatedTokens(content) > least);
    if (storeOn !== 'turns' || kept.length === 0) return [];
    const vectors = await this.vectors(
      turn.tenant,
      settings.embedding,
      kept.map(({ content }) => content),
      NEVER,
    );
    return kept.map(({ role, content }, index) => ({
      id: uuidv7(),
      source: 'turn',
      text: content,
      embedding: (vectors[index] as QueryVector).vector,
      space: (vectors[index] as QueryVector).space,
      metadata: { role },
      session: turn.session,
      subject,
      runId: turn.runId,
      step: turn.step,
      ttl,
    }));
  }

  /**
   * What resembles the query, best first: of the turn's subject and of nobody in particular. Nothing of the turns that are before
   * the model anyway.
   */
  async recall(
    turn: MemoryTurn,
    settings: Semantic,
    query: string,
    subject: string | null,
    shown: ReadonlySet<string>,
  ): Promise<FoundEntry[]> {
    const limit = settings.max_results ?? settings.top_k ?? DEFAULT_MAX_RESULTS;
    const threshold = settings.similarity_threshold ?? DEFAULT_THRESHOLD;
    const [vector] = await this.vectors(turn.tenant, settings.embedding, [query], NEVER);
    const whose: Whose = { subject, nobodys: true };
    const found = await this.entries.search(turn.tenant, turn.agent, whose, vector as QueryVector, {
      limit: limit + 2 * shown.size,
      threshold,
    });
    return found.filter((entry) => !shown.has(`${entry.run_id} ${entry.step}`)).slice(0, limit);
  }

  /** Throws `StepError` when the model cannot be asked. */
  async storeFact({ tenant, agent, embedding }: Remembering, fact: NewFact, signal: AbortSignal): Promise<void> {
    const [found] = await this.vectors(tenant, embedding, [fact.text], signal);
    const { vector, space } = found as QueryVector;
    await this.entries.insert(tenant, agent, [{ ...fact, source: 'fact', embedding: vector, space }]);
  }

  /** Best first. Throws `StepError` when the model cannot be asked. */
  async search(
    { tenant, agent, embedding }: Remembering,
    { query, whose }: { readonly query: string; readonly whose: Whose | null },
    limits: { readonly limit: number; readonly threshold: number },
    signal: AbortSignal,
  ): Promise<FoundEntry[]> {
    const [vector] = await this.vectors(tenant, embedding, [query], signal);
    return this.entries.search(tenant, agent, whose, vector as QueryVector, limits);
  }

  private async vectors(
    tenant: string,
    embedding: MemoryEmbedding | undefined,
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<QueryVector[]> {
    const model = modelOf(embedding);
    const vectors = await this.embeddings.embedder(tenant, model).embed(texts, signal);
    return vectors.map((vector) => ({ vector, space: vectorSpace(model, vector.length) }));
  }
}

/** What is told of an entry beside its text. What the server knows is not overridden by what the caller gave. */
export function metadataOf({ metadata, session, subject, source, created_at: createdAt }: EntryRow): JsonObject {
  return {
    ...metadata,
    source,
    ...(session === null ? {} : { session_id: session }),
    ...(subject === null ? {} : { subject }),
    timestamp: createdAt.toISOString(),
  };
}
