import type { Chunking, Span } from './chunk.js';
import { packed, sentencesOf } from './sentences.js';

/** Vectors of texts, in their order. */
export type Embed = (texts: readonly string[]) => Promise<readonly Float32Array[]>;

/** Sentences on each side of a gap that are compared: one alone says too little. */
const CONTEXT = 2;
/** Gaps whose sides are less alike than this share of all gaps begin something new. */
const BREAK_QUANTILE = 0.2;

/**
 * Cut where the subject changes: sentences are put together until those ahead resemble those behind markedly less than
 * elsewhere in the text. What is longer than a chunk is cut between sentences.
 */
export async function semanticSpans(text: string, chunking: Chunking, embed: Embed): Promise<Span[]> {
  const sentences = sentencesOf(text);
  const spans: Span[] = [];
  for (const topic of await topicsOf(text, sentences, embed)) spans.push(...packed(text, topic, chunking));
  return spans;
}

async function topicsOf(text: string, sentences: readonly Span[], embed: Embed): Promise<Span[][]> {
  if (sentences.length <= CONTEXT) return [[...sentences]];
  const vectors = await embed(sentences.map(({ start, end }) => text.slice(start, end)));
  const gaps = sentences.slice(1).map((_, index) => likeness(vectors, index + 1));
  const threshold = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length * BREAK_QUANTILE)] ?? 0;
  const topics: Span[][] = [[]];
  sentences.forEach((sentence, index) => {
    const gap = gaps[index - 1];
    if (gap !== undefined && gap < threshold && isLowest(gaps, index - 1)) topics.push([]);
    topics.at(-1)?.push(sentence);
  });
  return topics;
}

/** A gap among its neighbours: of a slope only the bottom is a break. */
function isLowest(gaps: readonly number[], at: number): boolean {
  const gap = gaps[at] as number;
  return gap <= (gaps[at - 1] ?? Infinity) && gap < (gaps[at + 1] ?? Infinity);
}

/** Cosine of what is just before and just after the gap in front of sentence `at`. */
function likeness(vectors: readonly Float32Array[], at: number): number {
  const before = sum(vectors.slice(Math.max(0, at - CONTEXT), at));
  const after = sum(vectors.slice(at, at + CONTEXT));
  return dot(before, after) / Math.sqrt(dot(before, before) * dot(after, after) || 1);
}

function sum(vectors: readonly Float32Array[]): Float32Array {
  const total = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) vector.forEach((value, at) => (total[at] = (total[at] ?? 0) + value));
  return total;
}

function dot(a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let at = 0; at < a.length; at += 1) total += (a[at] as number) * (b[at] ?? 0);
  return total;
}
