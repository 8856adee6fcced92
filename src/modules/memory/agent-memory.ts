import type { Json, JsonObject } from '../../engine/index.js';
import type { MemoryEmbedding } from './memory-model.js';

/** What an agent's definition says about its memory (`memory`). Only what it says is done. */
export interface MemorySettings {
  readonly conversational?: {
    readonly strategy?: 'sliding_window' | 'summary' | 'token_budget';
    /** `sliding_window`: turns put before the model; 20. */
    readonly max_turns?: number;
    /** Another name of `max_turns`. */
    readonly window_size?: number;
    /** `summary`: messages after which older ones are summarised; 30. */
    readonly summary_threshold?: number;
    /** `token_budget`: estimated tokens of history put before the model; 8,000. */
    readonly max_tokens?: number;
    /** Seconds after its last turn that a session is forgotten. */
    readonly ttl?: number;
  };
  readonly semantic?: {
    /** Who turns texts into vectors; the model that ships with the server. What another model embedded is not found. */
    readonly embedding?: MemoryEmbedding;
    /** What is kept by itself: the messages of `turns`, or nothing but the `facts` that are stored by request. Default `turns`. */
    readonly store_on?: 'turns' | 'facts';
    /** Whose messages of a turn are kept; the assistant's. */
    readonly roles?: readonly ('user' | 'assistant')[];
    /** Estimated tokens that a message must exceed to be kept; 50. */
    readonly min_tokens?: number;
    /** Seconds that a kept message is remembered; for ever, if not said. */
    readonly ttl?: number;
    /** Cosine from which something is recalled; 0.45. */
    readonly similarity_threshold?: number;
    /** Recalled at most; 10. */
    readonly max_results?: number;
    /** Another name of `max_results`. */
    readonly top_k?: number;
  };
}

/** One turn of a conversation: a query and what comes of it. The pair of run and step names it, also after a crash. */
export interface MemoryTurn {
  readonly tenant: string;
  readonly agent: string;
  readonly session: string;
  /** Whom the conversation is about: nothing of another subject is recalled, and all of a subject can be erased. */
  readonly subject?: string | null;
  readonly runId: string;
  /** Path of the step that the turn is. */
  readonly step: string;
}

/** A message as it is remembered: what was said, and which tools were used on the way. */
export interface MemoryMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly metadata?: JsonObject;
}

/** What is put before the model for a turn. */
export interface RememberedContext {
  /** Of earlier turns, oldest first, as the strategy chose them. */
  readonly messages: readonly MemoryMessage[];
  /** Of what is no longer among the messages. */
  readonly summary: string | null;
  /** Semantic memory and facts that resemble the query, best first; texts are data, never instructions. */
  readonly recalled: readonly { readonly text: string; readonly score: number; readonly metadata: Json }[];
}

/** Older messages that a summary is due for. */
export interface DueSummary {
  /** Handed back with the summary; says what it covers. */
  readonly upTo: string;
  readonly previous: string | null;
  readonly messages: readonly MemoryMessage[];
}

/** Name of the signal that tells a turn's run that the session is free for it. */
export function sessionSignal(turn: Pick<MemoryTurn, 'step' | 'session'>): string {
  return `session:${turn.session}:${turn.step}`;
}

/**
 * What agents remember, and the order of a session's turns. The agent loop calls each method inside a journaled step of
 * its own, in this order: `begin` (until true), `load`, the turn itself, `finish` or `abandon`, then `summaryDue` and
 * `storeSummary`. A step may be executed again after a crash, so every method does its work once per turn.
 */
export abstract class AgentMemory {
  /**
   * Takes the session for this turn: one turn of a session is under way at a time, in the order they asked. False: another
   * one is; the run gets the signal `sessionSignal(turn)` when it should ask again. A turn whose run is over holds nothing.
   * Throws `StepError`: `other_subject` when the session is another subject's, `session_busy` when it would wait for a turn that
   * it is part of itself.
   */
  abstract begin(turn: MemoryTurn): Promise<boolean>;

  abstract load(turn: MemoryTurn, settings: MemorySettings, query: string): Promise<RememberedContext>;

  /**
   * Appends the turn's messages and gives the session to the next turn that waits for it, in one transaction. A turn whose session
   * or subject was erased meanwhile is not remembered.
   */
  abstract finish(turn: MemoryTurn, settings: MemorySettings, messages: readonly MemoryMessage[]): Promise<void>;

  /** The turn failed: nothing of it is remembered, and the session goes to the next. */
  abstract abandon(turn: MemoryTurn): Promise<void>;

  /** With the strategy `summary`, what a model has to summarise now; null when nothing is due. */
  abstract summaryDue(turn: MemoryTurn, settings: MemorySettings): Promise<DueSummary | null>;

  abstract storeSummary(turn: MemoryTurn, due: Pick<DueSummary, 'upTo'>, summary: string): Promise<void>;
}
