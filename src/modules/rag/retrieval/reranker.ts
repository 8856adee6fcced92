import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import { StepError } from '../../../engine/index.js';
import { EgressClient } from '../../../platform/egress/index.js';
import { operatorModelKey } from '../../auth/index.js';

/** A model that reads query and text together, behind `POST {base_url}/rerank` as Cohere, Jina and vLLM answer it. */
export interface RerankerSpec {
  readonly model: string;
  readonly base_url: string;
  readonly api_key_env?: string;
}

const TIMEOUT_MS = 30_000;

@Injectable()
export class Reranker {
  constructor(
    private readonly egress: EgressClient,
    @Inject(CONFIG) private readonly config: HeddleConfig,
  ) {}

  /** How relevant each text is to the query, in the order of the texts. Throws `StepError('rerank_failed')`. */
  async relevances(tenant: string, spec: RerankerSpec, query: string, texts: readonly string[], signal: AbortSignal): Promise<number[]> {
    const { model, base_url: base, api_key_env: name } = spec;
    const key = name === undefined ? undefined : operatorModelKey(this.config, tenant, name);
    if (name !== undefined && key === undefined)
      throw new StepError('no_key', `the key ${name} of the reranker is not set`, { retryable: false });
    const { status, body } = await this.egress.request({
      url: `${base.replace(/\/+$/, '')}/rerank`,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      body: JSON.stringify({ model, query, documents: texts, top_n: texts.length }),
      signal,
      timeoutMs: TIMEOUT_MS,
      followRedirects: false,
    });
    if (status !== 200) throw new StepError('rerank_failed', `the reranker answered ${status}`, { details: { status } });
    const relevances = parsed(body, texts.length);
    if (relevances === null) throw new StepError('rerank_failed', `the reranker did not answer with ${texts.length} scores`);
    return relevances;
  }
}

function parsed(body: Buffer, count: number): number[] | null {
  try {
    const { results } = JSON.parse(body.toString('utf8')) as { results: { index: number; relevance_score: number }[] };
    const relevances = new Array<number>(count).fill(Number.NaN);
    for (const { index, relevance_score: score } of results) relevances[index] = score;
    return relevances.length === count && relevances.every((score) => Number.isFinite(score)) ? relevances : null;
  } catch {
    return null;
  }
}
