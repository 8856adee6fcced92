import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { StepError } from '../../engine/index.js';
import { EgressClient } from '../../platform/egress/index.js';
import type { Embedder, EmbeddingModelSpec } from './embedding-model.js';
import { EndpointEmbedder } from './endpoint-embedder.js';
import { LocalEmbedder } from './local-embedder.js';

/** The tenant that may use secrets of the server's environment: the operator's own. */
const OPERATOR_TENANT = 'default';

/** Finds who turns texts into vectors for a model. */
@Injectable()
export class Embeddings {
  constructor(
    private readonly local: LocalEmbedder,
    private readonly egress: EgressClient,
    @Inject(CONFIG) private readonly config: HeddleConfig,
  ) {}

  /** Throws `StepError('secret_missing')` when the model's key is not there for the tenant. */
  embedder(tenant: string, spec: EmbeddingModelSpec): Embedder {
    if (spec.provider === 'local') return this.local;
    const { base_url: baseUrl = '', api_key_secret: name } = spec;
    return new EndpointEmbedder({ ...spec, base_url: baseUrl }, name === undefined ? undefined : this.secret(tenant, name), this.egress);
  }

  private secret(tenant: string, name: string): string {
    const value = tenant === OPERATOR_TENANT ? this.config.secrets[name] : undefined;
    if (value === undefined) throw new StepError('secret_missing', `there is no secret ${JSON.stringify(name)}`, { retryable: false });
    return value;
  }
}
