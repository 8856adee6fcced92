import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { StepError } from '../../engine/index.js';
import { EgressClient } from '../../platform/egress/index.js';
import { operatorModelKey } from '../auth/index.js';
import type { Embedder, ModelToAsk } from './embedding-model.js';
import { EndpointEmbedder } from './endpoint-embedder.js';
import { LocalEmbedder } from './local-embedder.js';

/** Finds who turns texts into vectors for a model. */
@Injectable()
export class Embeddings {
  constructor(
    private readonly local: LocalEmbedder,
    private readonly egress: EgressClient,
    @Inject(CONFIG) private readonly config: HeddleConfig,
  ) {}

  /** Throws `StepError('no_key')` when the model's key is not there for the tenant. */
  embedder(tenant: string, spec: ModelToAsk): Embedder {
    if (spec.provider === 'local') return this.local;
    const { base_url: baseUrl = '', api_key_env: name } = spec;
    return new EndpointEmbedder({ ...spec, base_url: baseUrl }, name === undefined ? undefined : this.key(tenant, name), this.egress);
  }

  private key(tenant: string, name: string): string {
    const key = operatorModelKey(this.config, tenant, name);
    if (key === undefined) throw new StepError('no_key', `the key ${name} of the embedding model is not set`, { retryable: false });
    return key;
  }
}
