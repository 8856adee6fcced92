import { chunksOf, type Chunk, type Chunking } from './chunk.js';
import { markdownSpans } from './markdown.js';
import { semanticSpans, type Embed } from './semantic.js';
import { packed, sentencesOf } from './sentences.js';
import { fixedWindows, recursiveWindows } from './windows.js';

export { CHUNKING_STRATEGIES, type Chunk, type Chunking, type ChunkingStrategy } from './chunk.js';

/**
 * Cuts a document. Chunks are slices of it in its order, none longer than `chunk_size`; every character that is not white
 * space is in at least one. Only `semantic` uses `embed`.
 */
export async function chunked(text: string, chunking: Chunking, embed: Embed): Promise<Chunk[]> {
  const whole = { start: 0, end: text.length };
  switch (chunking.strategy) {
    case 'fixed':
      return chunksOf(text, fixedWindows(text, whole, chunking));
    case 'recursive':
      return chunksOf(text, recursiveWindows(text, whole, chunking));
    case 'sentence':
      return chunksOf(text, packed(text, sentencesOf(text), chunking));
    case 'markdown':
      return chunksOf(text, markdownSpans(text, chunking));
    case 'semantic':
      return chunksOf(text, await semanticSpans(text, chunking, embed));
  }
}
