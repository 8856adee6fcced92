export const CHUNKING_STRATEGIES = ['recursive', 'fixed', 'sentence', 'markdown', 'semantic'] as const;
export type ChunkingStrategy = (typeof CHUNKING_STRATEGIES)[number];

/** How a document is cut. Sizes are characters (UTF-16 units; a surrogate pair is never cut). */
export interface Chunking {
  readonly strategy: ChunkingStrategy;
  /** No chunk is longer. */
  readonly chunk_size: number;
  /** What a chunk repeats of the one before: exactly so many characters (`recursive`, `fixed`), or the whole sentences that fit in so many (the others). */
  readonly chunk_overlap: number;
}

/** One piece of a document: `text.slice(start, end)` of it, nothing added or trimmed. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Of `markdown`: the headings above it, outermost first. */
  readonly headings?: readonly string[];
}

/** A half-open range of the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The nearest place at or before `at` that does not cut a surrogate pair. */
export function wholeCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return at > 0 && at < text.length && code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}

/** The place behind the character that begins at `at`. */
export function nextCharacter(text: string, at: number): number {
  return wholeCharacter(text, at + 1) > at ? at + 1 : at + 2;
}

/** The spans as chunks; those with nothing but white space hold nothing that could be found, and are left out. */
export function chunksOf(text: string, spans: Iterable<Span & Pick<Chunk, 'headings'>>): Chunk[] {
  const chunks: Chunk[] = [];
  for (const span of spans) {
    const piece = text.slice(span.start, span.end);
    if (piece.trim() !== '') chunks.push({ ...span, text: piece });
  }
  return chunks;
}
