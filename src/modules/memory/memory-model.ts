import { type EmbeddingModelSpec, LOCAL_MODEL } from '../embeddings/index.js';

/** Which model turns what an agent remembers into vectors, as its definition says it. */
export interface MemoryEmbedding {
  /** `local`, the default: the model that ships with the server. */
  readonly provider?: 'local' | 'openai' | 'openai_compatible';
  readonly model?: string;
  readonly base_url?: string;
  readonly api_key_env?: string;
  readonly dimensions?: number;
  readonly request_dimensions?: boolean;
}

const OPENAI = { base_url: 'https://api.openai.com/v1', api_key_env: 'OPENAI_API_KEY' } as const;

export function modelOf({ provider = 'local', model, ...rest }: MemoryEmbedding = {}): Omit<EmbeddingModelSpec, 'dimensions'> {
  if (provider === 'local' || model === undefined) return LOCAL_MODEL;
  return { ...(provider === 'openai' ? OPENAI : {}), ...rest, provider: 'openai_compatible', model };
}

/** Vectors compare only with those of the same model and length; empty for the local model. */
export function vectorSpace({ provider, model, base_url: url }: Omit<EmbeddingModelSpec, 'dimensions'>, length: number): string {
  return provider === 'local' ? '' : `${url ?? ''} ${model} ${length}`;
}
