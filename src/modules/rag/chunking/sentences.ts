import { wholeCharacter, type Chunking, type Span } from './chunk.js';

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The sentences of a range, white space behind a sentence counted to it: together they are the range. */
export function sentencesOf(text: string, range: Span = { start: 0, end: text.length }): Span[] {
  const spans: Span[] = [];
  for (const { index, segment } of segmenter.segment(text.slice(range.start, range.end))) {
    spans.push({ start: range.start + index, end: range.start + index + segment.length });
  }
  return spans;
}

/** Whole units put together as long as they fit; a unit that alone is too long is cut into windows. */
export function* packed(
  text: string,
  units: readonly Span[],
  { chunk_size: size, chunk_overlap: overlap }: Pick<Chunking, 'chunk_size' | 'chunk_overlap'>,
): Generator<Span> {
  let first = 0;
  let next = 0;
  while (next < units.length) {
    const start = (units[first] as Span).start;
    let end = start;
    for (; next < units.length; next += 1) {
      const unit = units[next] as Span;
      if (unit.end - start > size) break;
      end = unit.end;
    }
    if (end === start) {
      // Alone too long.
      const unit = units[next] as Span;
      for (let at = unit.start; at < unit.end; at = wholeCharacter(text, Math.min(at + size, unit.end))) {
        yield { start: at, end: wholeCharacter(text, Math.min(at + size, unit.end)) };
      }
      next += 1;
      first = next;
      continue;
    }
    yield { start, end };
    first = next;
    // The next one begins with the last whole units that fit in the overlap, if it has room for a new one then.
    const following = units[next];
    if (following === undefined) return;
    while (first - 1 >= 0 && (units[first - 1] as Span).start > start && end - (units[first - 1] as Span).start <= overlap) {
      if (following.end - (units[first - 1] as Span).start > size) break;
      first -= 1;
    }
  }
}
