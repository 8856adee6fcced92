/** Runs all at once, but no more than so many at a time. */
export async function inParallel<T>(count: number, width: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
  return results;
}

/** `p50 12 ms, p99 40 ms, worst 41 ms` of durations in milliseconds. */
export function spread(durations: readonly number[]): string {
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms of ${sorted.length}`;
}

/** Milliseconds that pass until the promise settles, and what it gives. */
export async function timed<T>(work: Promise<T>): Promise<[number, T]> {
  const begin = performance.now();
  const result = await work;
  return [performance.now() - begin, result];
}

/** A moment between now and so many milliseconds from now: races need their contestants spread. */
export async function someTime(atMostMs: number, random: () => number = Math.random): Promise<void> {
  const ms = random() * atMostMs;
  if (ms < 1) for (let turns = Math.floor(ms * 20); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
  else await new Promise((resolve) => setTimeout(resolve, ms));
}
