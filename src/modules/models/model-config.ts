import { MODEL_PROVIDERS, type ModelProvider } from '../../config/index.js';
import type { JsonObject } from '../../engine/index.js';

export type Provider = ModelProvider;

export const ROUTING_STRATEGIES = ['quality_first', 'cost_optimized', 'latency_optimized', 'round_robin', 'capability_match'] as const;
export type RoutingStrategy = (typeof ROUTING_STRATEGIES)[number];

export const CAPABILITIES = ['tools', 'vision', 'json'] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** One model that an agent may use, as definitions write it. */
export interface ModelBlock {
  readonly provider: Provider;
  readonly model: string;
  readonly base_url?: string;
  /** Name of the variable with the key: `*_API_KEY`, `*_API_TOKEN` or `HEDDLE_SECRET_*`. */
  readonly api_key_env?: string;
  readonly parameters?: ModelParameters;
  /** Limit of one call, milliseconds. */
  readonly timeout_ms?: number;
  /** Longest silence in the middle of an answer, milliseconds. */
  readonly idle_timeout_ms?: number;
  readonly retry?: { readonly max_attempts?: number; readonly initial_delay_ms?: number; readonly max_delay_ms?: number };
  /** US dollars per million tokens, over what the price table says. */
  readonly price?: { readonly input: number; readonly output: number };
  /** What it can do, for `capability_match`; without it, everything. */
  readonly capabilities?: readonly Capability[];
  /** Provider `scripted`: what is answered to what. */
  readonly rules?: readonly JsonObject[];
}

export interface ModelParameters {
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  /** Longest answer, in tokens. */
  readonly max_tokens?: number;
  readonly frequency_penalty?: number;
  readonly presence_penalty?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly reasoning?: 'provider-default' | 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';
}

/** Models in the order they are written, and how one is chosen among them. */
export interface ModelChoice {
  readonly candidates: readonly ModelBlock[];
  readonly routing: RoutingStrategy;
}

/** `provider/model`, as answers and logs name it. */
export function modelName({ provider, model }: Pick<ModelBlock, 'provider' | 'model'>): string {
  return `${provider}/${model}`;
}

const PARAMETERS_SCHEMA: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: {
    temperature: { type: 'number', minimum: 0, maximum: 2 },
    top_p: { type: 'number', minimum: 0, maximum: 1 },
    top_k: { type: 'integer', minimum: 1 },
    max_tokens: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'Longest answer, in tokens.' },
    frequency_penalty: { type: 'number', minimum: -2, maximum: 2 },
    presence_penalty: { type: 'number', minimum: -2, maximum: 2 },
    stop: { type: 'array', maxItems: 16, items: { type: 'string', minLength: 1 } },
    seed: { type: 'integer' },
    reasoning: { type: 'string', enum: ['provider-default', 'none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] },
  },
};

/** JSON Schema of a `ModelBlock`; what depends on the provider is checked by `blockFaults`. */
export const MODEL_BLOCK_SCHEMA: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['provider', 'model'],
  properties: {
    provider: { type: 'string', enum: [...MODEL_PROVIDERS] },
    model: { type: 'string', minLength: 1, maxLength: 200 },
    base_url: { type: 'string', format: 'uri', description: 'Where the provider is; required for `openai_compatible`.' },
    api_key_env: {
      type: 'string',
      pattern: '^([A-Z][A-Z0-9_]*_API_(KEY|TOKEN)|HEDDLE_SECRET_[A-Za-z0-9_]+)$',
      description: 'Name of the environment variable with the key: `*_API_KEY`, `*_API_TOKEN` or `HEDDLE_SECRET_*`.',
    },
    parameters: PARAMETERS_SCHEMA,
    timeout_ms: { type: 'integer', minimum: 100, maximum: 3_600_000, default: 120_000, description: 'Limit of one call.' },
    idle_timeout_ms: {
      type: 'integer',
      minimum: 100,
      maximum: 3_600_000,
      default: 60_000,
      description: 'Longest silence within an answer.',
    },
    retry: {
      type: 'object',
      additionalProperties: false,
      description: 'How often a call that failed for a passing reason is made again with this model, before the next one is asked.',
      properties: {
        max_attempts: { type: 'integer', minimum: 1, maximum: 10, default: 2 },
        initial_delay_ms: { type: 'integer', minimum: 0, maximum: 60_000, default: 250 },
        max_delay_ms: {
          type: 'integer',
          minimum: 0,
          maximum: 60_000,
          default: 5_000,
          description: 'A longer `Retry-After` means the next model.',
        },
      },
    },
    price: {
      type: 'object',
      additionalProperties: false,
      required: ['input', 'output'],
      description: 'US dollars per million tokens, instead of what the price table says.',
      properties: { input: { type: 'number', minimum: 0 }, output: { type: 'number', minimum: 0 } },
    },
    capabilities: { type: 'array', uniqueItems: true, items: { type: 'string', enum: [...CAPABILITIES] } },
    rules: {
      type: 'array',
      minItems: 1,
      maxItems: 200,
      items: { type: 'object' },
      description: 'Provider `scripted`: what is answered to what.',
    },
  },
};
