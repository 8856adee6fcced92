import { nextCharacter, wholeCharacter, type Chunking, type Span } from './chunk.js';

type Sizes = Pick<Chunking, 'chunk_size' | 'chunk_overlap'>;

/** Best places to cut, strongest first. The cut is behind the separator. */
const SEPARATORS = ['\n\n', '\n', '. ', ' '] as const;

/** Windows of exactly `chunk_size` characters, each beginning `chunk_overlap` before the last one's end. */
export function fixedWindows(text: string, range: Span, sizes: Sizes): Generator<Span> {
  return windows(text, range, sizes, (_, limit) => limit);
}

/**
 * Windows of at most `chunk_size` characters that end behind the strongest separator of their second half: a paragraph, a
 * line, a sentence, a word. What has none is cut where it is full.
 */
export function recursiveWindows(text: string, range: Span, sizes: Sizes): Generator<Span> {
  return windows(text, range, sizes, (from, limit) => {
    for (const separator of SEPARATORS) {
      const at = text.lastIndexOf(separator, limit - separator.length);
      if (at >= from) return at + separator.length;
    }
    return limit;
  });
}

/** `cut` chooses the end of a window between where it is half full and where it is full. */
function* windows(text: string, range: Span, sizes: Sizes, cut: (from: number, limit: number) => number): Generator<Span> {
  const { chunk_size: size, chunk_overlap: overlap } = sizes;
  let start = range.start;
  for (;;) {
    const limit = wholeCharacter(text, start + size);
    if (start + size >= range.end) {
      yield { start, end: range.end };
      return;
    }
    // Behind the overlap, so that every window goes on.
    const from = start + Math.max(overlap + 1, Math.floor(size / 2));
    const end = Math.max(cut(from, limit), nextCharacter(text, start));
    yield { start, end };
    start = Math.max(wholeCharacter(text, end - overlap), nextCharacter(text, start));
  }
}
