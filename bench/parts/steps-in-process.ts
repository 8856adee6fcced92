import type { Part } from '../lib/bench-context.js';
import { contest, rulesOf, spreadOf, type Standing } from '../lib/contest.js';
import { dbos, heddleKernel } from '../lib/engine-contender.js';
import { query } from '../lib/postgres.js';
import { print, ratio, standings } from '../lib/report.js';
import { runAlone } from '../lib/run-alone.js';

export const KERNEL_LEVELS = [100, 300, 1000];
/** DBOS with its default pool, and with one that a server of this size still likes. */
const DBOS_POOLS = [10, 30];
const DBOS_POOLS_QUICK = [10];

/** (a) The kernel against the fastest library of its kind on the same database server. */
export const stepsInProcess: Part = {
  key: 'a',
  title: '(a) 10 sequential durable no-op steps, in process, on one Postgres',
  async run(context) {
    const postgres = await context.postgres();
    const pools = context.options.quick ? DBOS_POOLS_QUICK : DBOS_POOLS;
    const [ours, ...theirs] = [await postgres.createDatabase(), ...(await Promise.all(pools.map(() => postgres.createDatabase())))];
    const contenders = [await heddleKernel(context, 'Heddle', { url: ours, postgres: postgres.pid })];
    for (const [index, poolSize] of pools.entries()) {
      contenders.push(await dbos(context, `DBOS, pool of ${poolSize}`, { url: theirs[index] ?? '', postgres: postgres.pid, poolSize }));
    }
    const levels = context.options.quick ? [100] : KERNEL_LEVELS;
    const results = await contest(
      contenders,
      rulesOf(context.options, levels, 'per_second', () => postgres.checkpoint()),
    );
    standings(results, [{ key: 'per_second', unit: 'steps/s' }]);
    await proveDurable(ours, theirs);
    const [heddle, ...peers] = results as [Standing, ...Standing[]];
    const best = Math.max(...peers.map((peer) => spreadOf(peer, 'per_second').median));
    ratio('Heddle to the better DBOS', spreadOf(heddle, 'per_second').median / best, { atLeast: 10 });
  },
};

/** Both sides have a row for every step in the database: nobody won by leaving some out. */
async function proveDurable(ours: string, theirs: readonly string[]): Promise<void> {
  const [journal] = await query<{ steps: string; runs: string }>(
    ours,
    "SELECT count(*) FILTER (WHERE type = 'step.completed') AS steps, count(*) FILTER (WHERE type = 'run.completed') AS runs FROM run_events",
  );
  print(`  in the database: Heddle ${journal?.steps} steps of ${journal?.runs} runs`);
  for (const url of theirs) {
    const [outputs] = await query<{ steps: string; runs: string }>(
      url,
      "SELECT (SELECT count(*) FROM dbos.operation_outputs) AS steps, (SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS') AS runs",
    );
    print(`  in the database: DBOS ${outputs?.steps} steps of ${outputs?.runs} runs`);
  }
}

await runAlone(import.meta, stepsInProcess);
