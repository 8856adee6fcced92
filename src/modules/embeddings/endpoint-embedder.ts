import { StepError } from '../../engine/index.js';
import { type EgressClient, retryAfterMs } from '../../platform/egress/index.js';
import { normalised, type Embedder, type ModelToAsk } from './embedding-model.js';

const TIMEOUT_MS = 60_000;
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 409, 425, 429, 500, 502, 503, 504]);

/** A model behind `POST {base_url}/embeddings`, as OpenAI defined it and Ollama, vLLM, LM Studio and llama.cpp answer it. */
export class EndpointEmbedder implements Embedder {
  readonly batchSize = 64;

  constructor(
    private readonly spec: ModelToAsk & { readonly base_url: string },
    private readonly apiKey: string | undefined,
    private readonly egress: EgressClient,
  ) {}

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += this.batchSize)
      vectors.push(...(await this.ask(texts.slice(at, at + this.batchSize), signal)));
    return vectors;
  }

  private async ask(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const { model, dimensions, request_dimensions: request, base_url: base } = this.spec;
    const { status, headers, body } = await this.egress.request({
      url: `${base.replace(/\/+$/, '')}/embeddings`,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(this.apiKey === undefined ? {} : { authorization: `Bearer ${this.apiKey}` }) },
      body: JSON.stringify({
        model,
        input: texts,
        encoding_format: 'float',
        ...(request === true && dimensions !== undefined ? { dimensions } : {}),
      }),
      signal,
      timeoutMs: TIMEOUT_MS,
      maxResponseBytes: 64 * 1024 * 1024,
      followRedirects: false,
    });
    if (status !== 200) throw refused(status, retryAfterMs(headers, Date.now()));
    return this.vectorsOf(body, texts.length);
  }

  private vectorsOf(body: Buffer, count: number): Float32Array[] {
    const vectors = parsed(body);
    if (vectors === null || vectors.length !== count) {
      throw new StepError('embedding_failed', `the endpoint did not answer with ${count} embeddings`);
    }
    for (const { length } of vectors) {
      if (length === (this.spec.dimensions ?? length)) continue;
      const message = `the endpoint's vectors have ${length} dimensions, not ${this.spec.dimensions}`;
      throw new StepError('embedding_dimensions', message, { retryable: false });
    }
    return vectors.map(normalised);
  }
}

function refused(status: number, wait: number | undefined): StepError {
  return new StepError('embedding_failed', `the embedding endpoint answered ${status}`, {
    retryable: RETRYABLE_STATUSES.has(status),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    details: { status },
  });
}

/** The vectors in the order of the texts, or null when the answer is none. */
function parsed(body: Buffer): number[][] | null {
  try {
    const { data } = JSON.parse(body.toString('utf8')) as { data: { index: number; embedding: number[] }[] };
    const vectors = data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);
    const sound = vectors.every((vector) => Array.isArray(vector) && vector.every((value) => Number.isFinite(value)));
    return sound ? vectors : null;
  } catch {
    return null;
  }
}
