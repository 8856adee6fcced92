import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { EgressClient } from '../../platform/egress/index.js';
import { egressFetch } from './egress-fetch.js';
import type { ModelBlock } from './model-config.js';
import { modelKey, NO_KEY } from './model-keys.js';
import { scriptedModel } from './scripted/scripted-model.js';

export const DEFAULT_TIMEOUT_MS = 120_000;

/** Adapters of the AI SDK for models as definitions name them. All of their traffic goes through the guarded client. */
@Injectable()
export class LanguageModels {
  constructor(
    @Inject(CONFIG) private readonly config: HeddleConfig,
    private readonly egress: EgressClient,
  ) {}

  /** The model, and the key that is sent to it: providers like to repeat it in what they complain about. Throws `ModelFailure('no_key')`. */
  open(tenant: string, block: ModelBlock): { readonly model: LanguageModelV4; readonly key: string | null } {
    const { provider } = block;
    if (provider === 'scripted') return { model: scriptedModel(block.model, block.rules ?? []), key: null };
    const key = modelKey(this.config, tenant, block);
    return { model: this.adapter({ ...block, provider }, key), key: key === NO_KEY ? null : key };
  }

  private adapter(block: ModelBlock & { readonly provider: Exclude<ModelBlock['provider'], 'scripted'> }, apiKey: string): LanguageModelV4 {
    const settings = {
      apiKey,
      fetch: egressFetch(this.egress, block.timeout_ms ?? DEFAULT_TIMEOUT_MS),
      ...(block.base_url === undefined ? {} : { baseURL: block.base_url }),
    };
    switch (block.provider) {
      case 'openai':
        // Chat completions hold no state at the provider, so that any model can go on with any conversation.
        return createOpenAI(settings).chat(block.model);
      case 'anthropic':
        return createAnthropic(settings).languageModel(block.model);
      case 'google':
        return createGoogle(settings).languageModel(block.model);
      case 'openai_compatible':
        return createOpenAICompatible({
          ...settings,
          name: 'openai_compatible',
          baseURL: block.base_url ?? '',
          includeUsage: true,
          supportsStructuredOutputs: true,
        }).chatModel(block.model);
    }
  }
}
