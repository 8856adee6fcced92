import type { HeddleConfig } from '../../config/index.js';
import type { JsonObject } from '../../engine/index.js';
import type { ModelBlock } from './model-config.js';

/** What the model of no provider answers: so that definitions which name no model run without network and key, and always alike. */
const OFFLINE_RULES: readonly JsonObject[] = [
  { when: { user: '([^\\s][^\\n]{0,199})' }, reply: 'Answered offline, by rule and without a model: $1' },
  { reply: 'Answered offline, by rule and without a model.' },
];

/** The model that answers where a definition names none: `HEDDLE_DEFAULT_MODEL`. */
export function defaultModel({ defaultModel: { provider, model, baseUrl } }: Pick<HeddleConfig, 'defaultModel'>): ModelBlock {
  return {
    provider,
    model,
    ...(baseUrl === undefined ? {} : { base_url: baseUrl }),
    ...(provider === 'scripted' ? { rules: OFFLINE_RULES } : {}),
  };
}
