export interface EmbeddingTask {
  readonly id: number;
  readonly texts: readonly string[];
}

export type EmbeddingAnswer =
  { readonly id: number; readonly vectors: readonly Float32Array[] } | { readonly id: number; readonly error: string };
