import type { ModelBlock } from './model-config.js';

/** US dollars per million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
}

export type PriceTable = Readonly<Record<string, Price>>;

/**
 * List prices in US dollars per million tokens, by `provider/model` or its beginning; the longest that fits counts. They change:
 * `HEDDLE_MODELS_FILE` replaces or adds to them.
 */
export const LIST_PRICES: PriceTable = {
  'openai/gpt-5': { input: 1.25, output: 10 },
  'openai/gpt-5-mini': { input: 0.25, output: 2 },
  'openai/gpt-5-nano': { input: 0.05, output: 0.4 },
  'openai/gpt-4.1': { input: 2, output: 8 },
  'openai/gpt-4.1-mini': { input: 0.4, output: 1.6 },
  'openai/gpt-4.1-nano': { input: 0.1, output: 0.4 },
  'openai/gpt-4o': { input: 2.5, output: 10 },
  'openai/gpt-4o-mini': { input: 0.15, output: 0.6 },
  'openai/o3': { input: 2, output: 8 },
  'openai/o4-mini': { input: 1.1, output: 4.4 },
  'anthropic/claude-opus-4': { input: 15, output: 75 },
  'anthropic/claude-opus-4-5': { input: 5, output: 25 },
  'anthropic/claude-sonnet-4': { input: 3, output: 15 },
  'anthropic/claude-haiku-4-5': { input: 1, output: 5 },
  'anthropic/claude-3-5-haiku': { input: 0.8, output: 4 },
  'google/gemini-2.5-pro': { input: 1.25, output: 10 },
  'google/gemini-2.5-flash': { input: 0.3, output: 2.5 },
  'google/gemini-2.5-flash-lite': { input: 0.1, output: 0.4 },
  'google/gemini-2.0-flash': { input: 0.1, output: 0.4 },
};

/** Models on one's own machines, and rules, cost nothing unless somebody says so. */
const FREE: Price = { input: 0, output: 0 };

/** The price of a model; null when it is not known. */
export function priceOf(table: PriceTable, block: ModelBlock): Price | null {
  if (block.price !== undefined) return block.price;
  const name = `${block.provider}/${block.model}`;
  const [longest] = Object.keys(table)
    .filter((prefix) => name.startsWith(prefix))
    .sort((a, b) => b.length - a.length);
  if (longest !== undefined) return table[longest] ?? null;
  return block.provider === 'scripted' || block.provider === 'openai_compatible' ? FREE : null;
}

/** US dollars. */
export function costOf(price: Price | null, inputTokens: number, outputTokens: number): number | null {
  return price === null ? null : (price.input * inputTokens + price.output * outputTokens) / 1_000_000;
}
