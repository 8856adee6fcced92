import type { Collection } from '../rag.types.js';

/** pgvector indexes `vector` up to 2,000 dimensions and `halfvec` up to 4,000. */
const VECTOR_LIMIT = 2_000;
const HALFVEC_LIMIT = 4_000;

/** How pgvector sees the vectors of a collection: the type, its operator class, and whether they can be indexed. */
export interface VectorColumn {
  readonly type: string;
  readonly operators: string;
  readonly indexable: boolean;
}

export function vectorColumn({ embedding: { dimensions } }: Pick<Collection, 'embedding'>): VectorColumn {
  if (dimensions <= VECTOR_LIMIT) return { type: `vector(${dimensions})`, operators: 'vector_cosine_ops', indexable: true };
  return { type: `halfvec(${dimensions})`, operators: 'halfvec_cosine_ops', indexable: dimensions <= HALFVEC_LIMIT };
}
