/** A text with its name. */
export interface Named {
  readonly name: string;
  readonly text: string;
}

/** The textbook's way to find texts: counts of words, weighted by how rare they are, compared by the cosine. Nothing else. */
export class TfIdf {
  private readonly idf = new Map<string, number>();
  private readonly vectors: readonly { readonly name: string; readonly weights: ReadonlyMap<string, number> }[];

  constructor(texts: readonly Named[]) {
    for (const { text } of texts) for (const word of new Set(wordsOf(text))) this.idf.set(word, (this.idf.get(word) ?? 0) + 1);
    for (const [word, count] of this.idf) this.idf.set(word, Math.log((1 + texts.length) / (1 + count)) + 1);
    this.vectors = texts.map(({ name, text }) => ({ name, weights: this.weights(text) }));
  }

  /** Names of the nearest, best first. */
  search(query: string, limit: number): string[] {
    const asked = this.weights(query);
    return this.vectors
      .map(({ name, weights }) => ({ name, score: dot(asked, weights) }))
      .filter(({ score }) => score > 0)
      .toSorted((a, b) => b.score - a.score)
      .slice(0, limit)
      .map(({ name }) => name);
  }

  private weights(text: string): Map<string, number> {
    const weights = new Map<string, number>();
    for (const word of wordsOf(text)) {
      const idf = this.idf.get(word);
      if (idf !== undefined) weights.set(word, (weights.get(word) ?? 0) + idf);
    }
    const length = Math.sqrt([...weights.values()].reduce((sum, weight) => sum + weight * weight, 0));
    for (const [word, weight] of weights) weights.set(word, weight / length);
    return weights;
  }
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [];
}

function dot(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [word, weight] of a) sum += weight * (b.get(word) ?? 0);
  return sum;
}
