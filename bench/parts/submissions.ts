import type { Part } from '../lib/bench-context.js';
import { contest, rulesOf, spreadOf, type Standing } from '../lib/contest.js';
import { HeddleServer } from '../lib/heddle-server.js';
import { heddleOverHttp, restateOverHttp } from '../lib/http-contender.js';
import { query } from '../lib/postgres.js';
import { print, ratio, standings } from '../lib/report.js';
import { Restate } from '../lib/restate.js';
import { runAlone } from '../lib/run-alone.js';

export const SUBMISSION_LEVELS = [32, 128];
export const SUBMISSIONS_PER_SECOND = [
  { key: 'per_second', unit: 'runs/s' },
  { key: 'p50_ms', unit: 'p50 ms' },
  { key: 'p99_ms', unit: 'p99 ms' },
];

/** (d) Runs of one step, accepted durably: by a server that only accepts, and by one that executes them meanwhile. */
export const submissions: Part = {
  key: 'd',
  title: '(d) submissions: POST …/runs answered when the run is durable',
  async run(context) {
    const postgres = await context.postgres();
    const generator = await context.generator();
    const [accepting, executing] = [await postgres.createDatabase(), await postgres.createDatabase()];
    const api = await context.own(HeddleServer.start({ url: accepting, role: 'api' }));
    const all = await context.own(HeddleServer.start({ url: executing }));
    const restate = await context.own(Restate.start());
    const settle = async (): Promise<void> => {
      await idle(executing);
      await postgres.checkpoint();
    };
    const results = await contest(
      [
        heddleOverHttp('Heddle, role api', api, generator, { steps: 1, wait: false, postgres: postgres.pid }),
        heddleOverHttp('Heddle, role all', all, generator, { steps: 1, wait: false, postgres: postgres.pid }),
        restateOverHttp('Restate, /send', restate, generator, { steps: 1, wait: false }),
      ],
      rulesOf(context.options, context.options.quick ? [32] : SUBMISSION_LEVELS, 'per_second', settle),
    );
    standings(results, SUBMISSIONS_PER_SECOND);
    await proveDurable(accepting, executing);
    const [accepted, executed] = results as [Standing, Standing];
    ratio('Heddle, role api', spreadOf(accepted, 'per_second').median, { atLeast: 3_000 }, ' runs/s');
    ratio('Heddle, role all', spreadOf(executed, 'per_second').median, { atLeast: 3_000 }, ' runs/s');
  },
};

/** Resolves when every accepted run was executed. */
async function idle(url: string): Promise<void> {
  for (;;) {
    const [row] = await query<{ live: boolean }>(url, 'SELECT EXISTS (SELECT FROM live_runs) AS live');
    if (row?.live !== true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function proveDurable(accepting: string, executing: string): Promise<void> {
  await idle(executing);
  const [accepted] = await query<{ runs: string }>(accepting, 'SELECT count(*) AS runs FROM runs');
  const [executed] = await query<{ runs: string }>(executing, "SELECT count(*) AS runs FROM runs WHERE status = 'success'");
  print(`  in the database: ${accepted?.runs} runs accepted by the api, ${executed?.runs} accepted and executed`);
}

await runAlone(import.meta, submissions);
