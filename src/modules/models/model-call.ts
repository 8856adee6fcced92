import type { LanguageModelV4Message } from '@ai-sdk/provider';
import type { Json, JsonObject } from '../../engine/index.js';
import type { ModelChoice } from './model-config.js';

/** A message of a conversation, in the form that every provider's adapter takes. */
export type ChatMessage = LanguageModelV4Message;

export interface ModelTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
}

export interface ModelToolCall {
  /** Given by the provider; unique in the conversation. */
  readonly id: string;
  readonly name: string;
  /** The arguments as the model wrote them; null when they are no JSON object, then `raw` holds the text. */
  readonly input: JsonObject | null;
  readonly raw?: string;
  /** What the provider wants back with the result. */
  readonly metadata?: JsonObject;
}

export interface TokenUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
  /** US dollars; null when the model's price is not known. */
  readonly cost_usd: number | null;
}

/** Why a call to a model failed; the first three are the same whoever asks again. */
export type ModelErrorClass =
  | 'auth'
  | 'bad_request'
  | 'refused'
  | 'no_key'
  | 'no_price'
  | 'budget'
  | 'circuit_open'
  | 'rate_limited'
  | 'unavailable'
  | 'timeout'
  | 'interrupted'
  | 'malformed';

/** One call to one model, as the journal shows it. */
export interface ModelAttempt {
  readonly provider: string;
  readonly model: string;
  readonly status: 'success' | 'failed';
  readonly error?: { readonly class: ModelErrorClass; readonly message: string; readonly status?: number };
  /** Of a failed one: estimated from what was sent and received, since the provider did not tell. */
  readonly usage: TokenUsage;
  readonly duration_ms: number;
  /** Milliseconds to the first piece of the answer; null when none came. */
  readonly first_token_ms: number | null;
}

export type FinishReason = 'stop' | 'tool_calls' | 'length' | 'content_filter' | 'other';

export interface ModelAnswer {
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly finishReason: FinishReason;
  readonly provider: string;
  readonly model: string;
  /** Of all attempts together: failed ones are paid too. */
  readonly usage: TokenUsage;
  readonly attempts: readonly ModelAttempt[];
  /** The answer as a message to go on with. */
  readonly message: ChatMessage;
}

/** What a call will cost at most. */
export interface CostEstimate {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars; null when the model's price is not known. */
  readonly costUsd: number | null;
  /** The part of it that the input costs. */
  readonly inputCostUsd: number | null;
  readonly costPerOutputToken: number | null;
  /** What it may take, milliseconds. */
  readonly timeoutMs: number;
}

/** Room that was made for a call. */
export interface Hold {
  /** The answer must not be longer. */
  readonly maxOutputTokens: number;
  /** Gives back what was not used. */
  settle(usage: TokenUsage): Promise<void>;
}

export interface ModelRequest {
  readonly tenant: string;
  readonly choice: ModelChoice;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ModelTool[];
  /** Asks for JSON that fits the schema, where the provider can be told. */
  readonly responseSchema?: JsonObject | undefined;
  /** Whether a money budget applies, so that a model without a known price may not be used. */
  readonly needsPrice?: boolean;
  /** Makes room for an attempt before it is made; throws `BudgetRefusal` when there is none. */
  readonly reserve?: (estimate: CostEstimate) => Promise<Hold>;
  readonly signal: AbortSignal;
  /** A piece of the answer's text. */
  readonly onText?: (text: string) => void;
  /** All text of this call so far is void: another attempt begins. */
  readonly onVoid?: (failed: ModelAttempt) => void;
  /** An attempt failed. */
  readonly onFailure?: (failed: ModelAttempt) => void;
}

/** There is no room left for a call; no other model is tried. */
export class BudgetRefusal extends Error {
  override readonly name = 'BudgetRefusal';
  constructor(
    message: string,
    readonly details: Json,
  ) {
    super(message);
  }
}
