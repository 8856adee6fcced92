import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** A few seconds per part, to see that everything runs; its numbers mean nothing. */
  readonly quick: boolean;
  readonly only: ReadonlySet<string> | null;
  readonly rounds: number;
  readonly seconds: number;
  /** Instead of each part's own numbers of units in flight. */
  readonly levels: readonly number[] | null;
}

export function readOptions(args: readonly string[] = process.argv.slice(2)): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      concurrency: { type: 'string' },
    },
  });
  const quick = values.quick;
  return {
    quick,
    only: values.only === undefined ? null : new Set(values.only.split(',')),
    rounds: Number(values.rounds ?? (quick ? 1 : 5)),
    seconds: Number(values.seconds ?? (quick ? 0.5 : 4)),
    levels: values.concurrency?.split(',').map(Number) ?? null,
  };
}
