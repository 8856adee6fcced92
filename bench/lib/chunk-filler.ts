import { v7 as uuidv7 } from 'uuid';
import type { DataSource } from 'typeorm';
import type { Collection } from '../../src/modules/rag/index.js';

const CLUSTERS = 200;
const VOCABULARY = 20_000;
const WORDS = 60;
const CHUNKS_OF_DOCUMENT = 100;
const BATCH = 250;

/** Numbers from 0 to 1 that are the same in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Chunks as a collection has them: vectors near the centres of clusters, words as often as words are (Zipf). */
export class ChunkFiller {
  private readonly random = generator(4711);
  private readonly centres: readonly Float32Array[];

  constructor(private readonly dimensions: number) {
    this.centres = Array.from({ length: CLUSTERS }, () => this.unit(() => this.noise()));
  }

  /** A unit vector near one of the centres. */
  vector(): Float32Array {
    const centre = this.centres[Math.floor(this.random() * CLUSTERS)] as Float32Array;
    return this.unit((at) => (centre[at] as number) + (0.6 * this.noise()) / Math.sqrt(this.dimensions));
  }

  text(words = WORDS): string {
    return Array.from({ length: words }, () => `w${Math.floor(VOCABULARY ** this.random()).toString(36)}`).join(' ');
  }

  async fill(dataSource: DataSource, { id, tenant, language }: Collection, count: number): Promise<void> {
    const documents = Array.from({ length: Math.ceil(count / CHUNKS_OF_DOCUMENT) }, (_, at) => `d${at}`);
    await dataSource.query(
      `INSERT INTO rag_documents (collection_id, tenant_id, id, revision, content_hash, text, characters, metadata, chunking, chunks)
       SELECT $1, $2, d, gen_random_uuid(), '', '', 40000, '{}', '{}', ${CHUNKS_OF_DOCUMENT} FROM unnest($3::text[]) d`,
      [id, tenant, documents],
    );
    for (let from = 0; from < count; from += BATCH) {
      const places = Array.from({ length: Math.min(BATCH, count - from) }, (_, at) => from + at);
      await dataSource.query(
        `INSERT INTO rag_chunks (id, collection_id, document_id, tenant_id, chunk_index, position, text, metadata, words, embedding)
         SELECT n.id, $1, n.document, $2, n.place, 0, n.text, '{}', to_tsvector($3::regconfig, n.text), n.vector::real[]
         FROM unnest($4::uuid[], $5::text[], $6::int[], $7::text[], $8::text[]) AS n (id, document, place, text, vector)`,
        [
          id,
          tenant,
          language,
          places.map(() => uuidv7()),
          places.map((place) => documents[Math.floor(place / CHUNKS_OF_DOCUMENT)]),
          places,
          places.map(() => this.text()),
          places.map(() => `{${Array.from(this.vector(), (value) => value.toFixed(5)).join(',')}}`),
        ],
      );
    }
    await dataSource.query('ANALYZE rag_chunks');
  }

  private unit(value: (at: number) => number): Float32Array {
    const vector = Float32Array.from({ length: this.dimensions }, (_, at) => value(at));
    const length = Math.sqrt(vector.reduce((sum, each) => sum + each * each, 0));
    return vector.map((each) => each / length);
  }

  /** From -1.73 to 1.73, with a variance of 1. */
  private noise(): number {
    return (this.random() - 0.5) * Math.sqrt(12);
  }
}
