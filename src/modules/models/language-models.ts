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
import { modelKey } from './model-keys.js';
import { scriptedModel } from './scripted/scripted-model.js';

export const DEFAULT_TIMEOUT_MS = 120_000;

/** Adapters of the AI SDK for models as definitions name them. All of their traffic goes through the guarded client. */
@Injectable()
export class LanguageModels {
  constructor(
    @Inject(CONFIG) private readonly config: HeddleConfig,
    private readonly egress: EgressClient,
  ) {}

  /** Throws `ModelFailure('no_key')`. */
  open(tenant: string, block: ModelBlock): LanguageModelV4 {
    if (block.provider === 'scripted') return scriptedModel(block.model, block.rules ?? []);
    const settings = {
      apiKey: modelKey(this.config, tenant, block),
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
