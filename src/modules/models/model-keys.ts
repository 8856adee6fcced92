import type { HeddleConfig } from '../../config/index.js';
import { DEFAULT_TENANT } from '../auth/index.js';
import type { ModelBlock, Provider } from './model-config.js';
import { ModelFailure } from './model-errors.js';

/** Where a provider's key is when a definition does not say: the names that its own tools use. */
const USUAL_NAMES: Readonly<Partial<Record<Provider, readonly string[]>>> = {
  openai: ['OPENAI_API_KEY'],
  anthropic: ['ANTHROPIC_API_KEY'],
  google: ['GOOGLE_GENERATIVE_AI_API_KEY', 'GEMINI_API_KEY', 'GOOGLE_API_KEY'],
};

/** What is sent where no key is needed; some adapters insist on one. */
export const NO_KEY = 'none';

/**
 * The key for a model. Keys of the environment are the operator's own: like secrets, they serve the default tenant. The usual
 * key of a provider goes to that provider only: with a `base_url`, the definition has to name the key.
 */
export function modelKey(config: Pick<HeddleConfig, 'modelKeys'>, tenant: string, block: ModelBlock): string {
  const keys = tenant === DEFAULT_TENANT ? config.modelKeys : {};
  const { provider, api_key_env: named, base_url: baseUrl } = block;
  if (named !== undefined) {
    const key = keys[named];
    if (key !== undefined) return key;
    throw new ModelFailure('no_key', tenant === DEFAULT_TENANT ? `${named} is not set` : `${named} belongs to another tenant`);
  }
  if (provider === 'openai_compatible' || baseUrl !== undefined) return NO_KEY;
  const usual = USUAL_NAMES[provider] ?? [];
  for (const name of usual) if (keys[name] !== undefined) return keys[name];
  throw new ModelFailure('no_key', `no key for ${provider}: set ${usual[0] ?? 'api_key_env'}, or name a variable in api_key_env`);
}
