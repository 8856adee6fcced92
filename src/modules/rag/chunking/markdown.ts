import type { Chunk, Chunking, Span } from './chunk.js';
import { packed, sentencesOf } from './sentences.js';

const HEADING = /^(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$/;
const FENCE = /^[ ]{0,3}(`{3,}|~{3,})/;

interface Section extends Span {
  readonly headings: readonly string[];
  readonly blocks: readonly Span[];
}

/**
 * Sections under their headings, never two in one chunk; a heading right before a deeper one begins that one's section; a section that is too long is put together from its blocks
 * (paragraphs, lists, code), and a block that is too long from its sentences. Code in fences is one block.
 */
export function* markdownSpans(text: string, chunking: Chunking): Generator<Span & Pick<Chunk, 'headings'>> {
  for (const { blocks, headings } of sectionsOf(text)) {
    const units = blocks.flatMap((block) => (block.end - block.start > chunking.chunk_size ? sentencesOf(text, block) : [block]));
    for (const span of packed(text, units, chunking)) yield { ...span, headings };
  }
}

function sectionsOf(text: string): Section[] {
  const sections: Section[] = [];
  let headings: { readonly depth: number; readonly title: string }[] = [];
  let section: { start: number; headings: readonly string[]; blocks: Span[] } = { start: 0, headings: [], blocks: [] };
  let blockStart = 0;
  let fence: string | null = null;
  let blank = false;
  /** Nothing but headings so far: they stay with what follows. */
  let empty = true;

  const titles = (): string[] => headings.map(({ title }) => title);
  const endBlock = (at: number): void => {
    if (at > blockStart) section.blocks.push({ start: blockStart, end: at });
    blockStart = at;
  };
  const endSection = (at: number): void => {
    endBlock(at);
    if (at > section.start) sections.push({ ...section, end: at });
    section = { start: at, headings: titles(), blocks: [] };
    empty = true;
  };

  for (const line of linesOf(text)) {
    const content = text.slice(line.start, line.end).trimEnd();
    const mark = FENCE.exec(content)?.[1];
    if (fence !== null) {
      if (mark !== undefined && mark.startsWith(fence)) fence = null;
    } else if (mark !== undefined) {
      if (blank && !empty) endBlock(line.start);
      fence = mark;
    } else {
      const heading = HEADING.exec(content);
      if (heading !== null) {
        const depth = (heading[1] as string).length;
        const inside = empty && headings.every((above) => above.depth < depth);
        headings = [...headings.filter((above) => above.depth < depth), { depth, title: heading[2] as string }];
        if (inside) section.headings = titles();
        else endSection(line.start);
        blank = false;
        continue;
      }
      if (blank && content !== '' && !empty) endBlock(line.start);
    }
    if (content !== '') empty = false;
    blank = fence === null && content === '';
  }
  endSection(text.length);
  return sections;
}

/** Every line with its line break. */
function* linesOf(text: string): Generator<Span> {
  for (let start = 0; start < text.length;) {
    const at = text.indexOf('\n', start);
    const end = at === -1 ? text.length : at + 1;
    yield { start, end };
    start = end;
  }
}
