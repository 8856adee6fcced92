import type { LoopResult } from './closed-loop.js';
import type { BenchContext } from './bench-context.js';
import { BenchProcess } from './bench-process.js';
import { STEPS } from './chain.js';
import type { Contender } from './contest.js';
import { bench, compiled, scratchDir } from './paths.js';

/** A process whose rounds are loops of chains of steps. */
export function stepsContender(name: string, process: BenchProcess, processes: Readonly<Record<string, number>>): Contender {
  return {
    name,
    processes,
    async round(load) {
      const { completed, elapsedMs } = await process.request<LoopResult>('round', load);
      return { per_second: (completed * STEPS) / (elapsedMs / 1000) };
    },
  };
}

/** Heddle's kernel as a library: on a database of the Postgres server, or on the embedded database. */
export async function heddleKernel(
  context: BenchContext,
  name: string,
  database: { url: string; postgres: number } | null,
): Promise<Contender> {
  const parameters = { dataDir: scratchDir('data'), ...(database === null ? {} : { url: database.url }) };
  const { process } = await BenchProcess.start(compiled('processes', 'engine.js'), parameters);
  await context.own(Promise.resolve(process));
  return stepsContender(name, process, { heddle: process.pid, ...(database === null ? {} : { postgres: database.postgres }) });
}

export async function dbos(
  context: BenchContext,
  name: string,
  database: { url: string; postgres: number; poolSize: number },
): Promise<Contender> {
  const parameters = { url: database.url, steps: STEPS, poolSize: database.poolSize };
  const { process } = await BenchProcess.start(bench('peers', 'dbos.mjs'), parameters, { NODE_NO_WARNINGS: '1' });
  await context.own(Promise.resolve(process));
  return stepsContender(name, process, { dbos: process.pid, postgres: database.postgres });
}
