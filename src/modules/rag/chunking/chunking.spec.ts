import { describe, expect, it } from 'vitest';
import { chunked, CHUNKING_STRATEGIES, type Chunk, type Chunking } from './index.js';

/** A vector per text that is about its letters: good enough to tell subjects apart. */
const byLetters = (texts: readonly string[]): Promise<Float32Array[]> =>
  Promise.resolve(
    texts.map((text) => {
      const counts = new Float32Array(26);
      for (const letter of text.toLowerCase()) {
        const at = letter.charCodeAt(0) - 97;
        if (at >= 0 && at < 26) counts[at] = (counts[at] ?? 0) + 1;
      }
      return counts;
    }),
  );

const cut = (text: string, chunking: Chunking): Promise<Chunk[]> => chunked(text, chunking, byLetters);

/** Texts of all shapes: prose, walls without a space, emoji, code, blank lines. */
const TEXTS: Record<string, string> = {
  prose: Array.from(
    { length: 60 },
    (_, at) => `Sentence ${at} tells of ${'many '.repeat(at % 7)}things. It ends here.${at % 5 === 0 ? '\n\n' : ' '}`,
  ).join(''),
  'a wall': 'x'.repeat(3_333),
  emoji: '😀😃 '.repeat(700) + '😀'.repeat(400),
  markdown: `Before.\n\n# One\n\nText of one. ${'More of it. '.repeat(30)}\n\n## Inside\n\n\`\`\`sh\n# not a heading\n\nls\n\`\`\`\n\n# Two\nEnd.`,
  'white space': `  \n\n \t${' '.repeat(2_000)}word${'\n'.repeat(900)}`,
  nothing: '',
};
const SIZES = [
  { chunk_size: 100, chunk_overlap: 0 },
  { chunk_size: 100, chunk_overlap: 20 },
  { chunk_size: 101, chunk_overlap: 99 },
  { chunk_size: 10_000, chunk_overlap: 50 },
];

describe.each(CHUNKING_STRATEGIES)('%s', (strategy) => {
  it.each(Object.keys(TEXTS))('cuts %s into slices that leave nothing out', async (name) => {
    const text = TEXTS[name] as string;
    for (const sizes of SIZES) {
      const chunks = await cut(text, { strategy, ...sizes });
      const covered = new Uint8Array(text.length);
      let last = -1;
      for (const chunk of chunks) {
        expect(chunk.text).toBe(text.slice(chunk.start, chunk.end));
        expect(chunk.text.length).toBeLessThanOrEqual(sizes.chunk_size);
        expect(chunk.text.isWellFormed()).toBe(true);
        expect(chunk.start).toBeGreaterThan(last);
        last = chunk.start;
        covered.fill(1, chunk.start, chunk.end);
      }
      for (let at = 0; at < text.length; at += 1) if (covered[at] === 0) expect((text[at] as string).trim()).toBe('');
    }
  });
});

describe('sizes and overlaps', () => {
  it('of fixed are exact', async () => {
    const text = 'abcdefghij'.repeat(10);
    const chunks = await cut(text, { strategy: 'fixed', chunk_size: 30, chunk_overlap: 10 });
    expect(chunks.map(({ start, end }) => [start, end])).toEqual([
      [0, 30],
      [20, 50],
      [40, 70],
      [60, 90],
      [80, 100],
    ]);
  });

  it('of recursive: the overlap is exact, the end is a good place', async () => {
    const chunks = await cut(TEXTS['prose'] as string, { strategy: 'recursive', chunk_size: 120, chunk_overlap: 15 });
    chunks.slice(1).forEach((chunk, index) => expect((chunks[index]?.end ?? 0) - chunk.start).toBe(15));
    for (const { text } of chunks.slice(0, -1)) expect(text).toMatch(/(\n|\. | )$/);
    expect(chunks.slice(0, -1).every(({ text }) => text.length > 60)).toBe(true);
  });

  it('of sentence: whole sentences, repeated as far as they fit', async () => {
    const chunks = await cut('One is here. Two is here. Three is here. Four is here. ', {
      strategy: 'sentence',
      chunk_size: 30,
      chunk_overlap: 15,
    });
    expect(chunks.map(({ text }) => text)).toEqual([
      'One is here. Two is here. ',
      'Two is here. Three is here. ',
      'Three is here. Four is here. ',
    ]);
  });
});

describe('markdown', () => {
  it('keeps sections apart, knows their headings, and does not read code', async () => {
    const chunks = await cut(TEXTS['markdown'] as string, { strategy: 'markdown', chunk_size: 200, chunk_overlap: 0 });
    expect(chunks[0]).toMatchObject({ text: 'Before.\n\n', headings: [] });
    expect(chunks.find(({ text }) => text.includes('not a heading'))?.headings).toEqual(['One', 'Inside']);
    expect(chunks.at(-1)).toMatchObject({ text: '# Two\nEnd.', headings: ['Two'] });
    expect(
      chunks.filter(({ text }) => text.startsWith('# One') || text.startsWith('More') || text.startsWith('Text')).length,
    ).toBeGreaterThan(1);
  });
});

describe('semantic', () => {
  it('cuts where the subject changes', async () => {
    const about = (word: string): string =>
      Array.from({ length: 6 }, (_, at) => `The ${word} ${word} ${word} ${'a'.repeat(at)}. `).join('');
    const text = about('zzzz') + about('qqqq');
    const chunks = await cut(text, { strategy: 'semantic', chunk_size: 1_000, chunk_overlap: 0 });
    expect(chunks.map(({ start }) => start)).toContain(text.indexOf('The qqqq'));
  });
});
