import { byScore, type Scored } from './vector-search.js';

/**
 * Of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): how little the first places differ. Small against the number
 * of candidates: the first place in one ranking is worth more than late places in both.
 */
const K = 10;

export interface Ranking {
  readonly found: readonly Scored[];
  /** How much a place in it counts, 0 to 1. */
  readonly weight: (score: number) => number;
}

/** Joins rankings by what place each gives a chunk; 1 is the first place in all of them, at full weight. */
export function fused(rankings: readonly Ranking[]): Scored[] {
  const scores = new Map<string, number>();
  for (const { found, weight } of rankings) {
    found.forEach(({ id, score }, place) => {
      const share = (weight(score) * (K + 1)) / (K + 1 + place) / rankings.length;
      scores.set(id, (scores.get(id) ?? 0) + share);
    });
  }
  return [...scores].map(([id, score]) => ({ id, score })).toSorted(byScore);
}
