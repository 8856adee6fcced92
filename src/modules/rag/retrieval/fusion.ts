import { byScore, type Scored } from './vector-search.js';

/** Of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009): how little the first places differ. */
const K = 60;

/** Joins rankings by what place each gives a chunk; 1 is the first place in all of them. */
export function fused(rankings: readonly (readonly Scored[])[]): Scored[] {
  const scores = new Map<string, number>();
  for (const ranking of rankings) {
    ranking.forEach(({ id }, place) => scores.set(id, (scores.get(id) ?? 0) + (K + 1) / (K + 1 + place) / rankings.length));
  }
  return [...scores].map(([id, score]) => ({ id, score })).toSorted(byScore);
}
