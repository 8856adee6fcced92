const WORD = /[\p{L}\p{N}]+/gu;
/** Words of at most this many letters say little about what a text is about. */
const SHORT_WORD = 3;

/**
 * The sentences of a text that say most about it, in their order, with at most `maxWords` words: those whose words are frequent in
 * the text, early ones first among equals. At least one sentence, cut if need be.
 */
export function extractiveSummary(text: string, maxWords: number): string {
  const sentences = [...new Intl.Segmenter(undefined, { granularity: 'sentence' }).segment(text)]
    .map(({ segment }) => segment.replaceAll(/\s+/g, ' ').trim())
    .filter((sentence) => sentence !== '');
  const counts = new Map<string, number>();
  for (const word of sentences.flatMap(wordsOf)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const ranked = sentences
    .map((sentence, index) => ({ sentence, index, words: lengthOf(sentence), score: scoreOf(sentence, counts) }))
    .toSorted((a, b) => b.score - a.score || a.index - b.index);
  const chosen: typeof ranked = [];
  let room = maxWords;
  for (const each of ranked) {
    if (each.words > room) continue;
    chosen.push(each);
    room -= each.words;
  }
  if (chosen.length === 0) return firstWords(ranked[0]?.sentence ?? '', maxWords);
  return chosen
    .toSorted((a, b) => a.index - b.index)
    .map(({ sentence }) => sentence)
    .join(' ');
}

function wordsOf(sentence: string): string[] {
  return (sentence.toLowerCase().match(WORD) ?? []).filter((word) => word.length > SHORT_WORD);
}

function lengthOf(sentence: string): number {
  return sentence.split(' ').length;
}

/** How frequent its words are on average; very short sentences gain nothing by it. */
function scoreOf(sentence: string, counts: ReadonlyMap<string, number>): number {
  const words = wordsOf(sentence);
  return words.reduce((sum, word) => sum + (counts.get(word) ?? 0), 0) / Math.max(words.length, 5);
}

function firstWords(sentence: string, count: number): string {
  const words = sentence.split(' ');
  return words.length <= count ? sentence : `${words.slice(0, count).join(' ')}…`;
}
