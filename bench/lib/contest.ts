import type { Load } from './closed-loop.js';
import { cpuSeconds } from './cpu-time.js';
import type { BenchOptions } from './options.js';
import { median, spread, type Spread } from './statistics.js';

/** What a round gives, by metric. */
export type Sample = Readonly<Record<string, number>>;

export interface Contender {
  readonly name: string;
  /** Whose CPU time is reported, by what to call it. */
  readonly processes: Readonly<Record<string, number>>;
  round(load: Load): Promise<Sample>;
}

export interface ContestRules {
  readonly rounds: number;
  readonly seconds: number;
  /** Numbers of units in flight to try; each contender is measured at its best. */
  readonly levels: readonly number[];
  /** The metric that decides which level is best, the higher the better. */
  readonly metric: string;
  /** Before every round: brings the machine to rest. */
  readonly settle?: (() => Promise<void>) | undefined;
}

export interface Standing {
  readonly name: string;
  readonly concurrency: number;
  /** Metric at every level that was tried, in the one round it got. */
  readonly tried: readonly { readonly concurrency: number; readonly value: number }[];
  readonly rounds: readonly Sample[];
  /** Busy cores, by process. */
  readonly cores: Readonly<Record<string, number>>;
  /** Microseconds of CPU for one unit of the deciding metric, by process. Says the same on a busy machine. */
  readonly cpuEach: Readonly<Record<string, number>>;
}

export function rulesOf(options: BenchOptions, levels: readonly number[], metric: string, settle?: () => Promise<void>): ContestRules {
  return { rounds: options.rounds, seconds: options.seconds, levels: options.levels ?? levels, metric, settle };
}

/**
 * Measures contenders side by side: each finds its best level after a warm-up that does not count, then they take turns,
 * in an order that is reversed every round, so that a machine that gets slower or faster does so for all.
 */
export async function contest(contenders: readonly Contender[], rules: ContestRules): Promise<Standing[]> {
  const best = new Map<Contender, { concurrency: number; tried: { concurrency: number; value: number }[] }>();
  for (const contender of contenders) best.set(contender, await findLevel(contender, rules));
  const rounds = new Map<Contender, Sample[]>(contenders.map((contender) => [contender, []]));
  const cores = new Map<Contender, Record<string, number>[]>(contenders.map((contender) => [contender, []]));
  const cpuEach = new Map<Contender, Record<string, number>[]>(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < rules.rounds; round += 1) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      await rules.settle?.();
      const busy = watchCpu(contender.processes);
      const sample = await contender.round({ concurrency: best.get(contender)?.concurrency ?? 1, seconds: rules.seconds });
      const used = busy();
      rounds.get(contender)?.push(sample);
      cores.get(contender)?.push(used);
      cpuEach.get(contender)?.push(mapValues(used, (share) => (share / (sample[rules.metric] ?? Number.NaN)) * 1e6));
    }
  }
  return contenders.map((contender) => ({
    name: contender.name,
    concurrency: best.get(contender)?.concurrency ?? 1,
    tried: best.get(contender)?.tried ?? [],
    rounds: rounds.get(contender) ?? [],
    cores: medians(cores.get(contender) ?? []),
    cpuEach: medians(cpuEach.get(contender) ?? []),
  }));
}

export function spreadOf(standing: Standing, metric: string): Spread {
  return spread(standing.rounds.map((sample) => sample[metric] ?? Number.NaN));
}

/** Warms a contender up and finds the level that suits it best. */
export async function findLevel(
  contender: Contender,
  rules: ContestRules,
): Promise<{ concurrency: number; tried: { concurrency: number; value: number }[] }> {
  const [first = 1] = rules.levels;
  await contender.round({ concurrency: first, seconds: rules.seconds });
  if (rules.levels.length === 1) return { concurrency: first, tried: [] };
  const tried: { concurrency: number; value: number }[] = [];
  for (const concurrency of rules.levels) {
    await rules.settle?.();
    const sample = await contender.round({ concurrency, seconds: rules.seconds });
    tried.push({ concurrency, value: sample[rules.metric] ?? 0 });
  }
  return { concurrency: tried.toSorted((a, b) => b.value - a.value)[0]?.concurrency ?? first, tried };
}

function watchCpu(processes: Readonly<Record<string, number>>): () => Record<string, number> {
  const startedAt = performance.now();
  const before = Object.entries(processes).map(([label, pid]) => ({ label, pid, seconds: cpuSeconds(pid) }));
  return () => {
    const elapsed = (performance.now() - startedAt) / 1000;
    const used: Record<string, number> = {};
    for (const { label, pid, seconds } of before) {
      const now = cpuSeconds(pid);
      if (now !== null && seconds !== null) used[label] = (now - seconds) / elapsed;
    }
    return used;
  };
}

function medians(samples: readonly Record<string, number>[]): Record<string, number> {
  const labels = Object.keys(samples[0] ?? {});
  return Object.fromEntries(labels.map((label) => [label, median(samples.map((sample) => sample[label] ?? 0))]));
}

function mapValues(record: Readonly<Record<string, number>>, change: (value: number) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
