import type { Part } from '../lib/bench-context.js';
import { STEPS } from '../lib/chain.js';
import { contest, rulesOf, spreadOf, type Standing } from '../lib/contest.js';
import { HeddleServer } from '../lib/heddle-server.js';
import { heddleOverHttp, restateOverHttp } from '../lib/http-contender.js';
import { ratio, standings } from '../lib/report.js';
import { Restate } from '../lib/restate.js';
import { runAlone } from '../lib/run-alone.js';

const LEVELS = [50, 200, 600];

/** (b) The whole server against Restate: one request starts a run and is answered with its end. */
export const stepsOverHttp: Part = {
  key: 'b',
  title: '(b) 10 sequential durable no-op steps, over HTTP',
  async run(context) {
    const postgres = await context.postgres();
    const generator = await context.generator();
    const levels = context.options.quick ? [100] : LEVELS;
    const workerConcurrency = Math.max(...(context.options.levels ?? levels));
    const server = await context.own(HeddleServer.start({ url: await postgres.createDatabase(), workerConcurrency }));
    const restate = await context.own(Restate.start());
    const results = await contest(
      [
        heddleOverHttp('Heddle', server, generator, { steps: STEPS, wait: true, postgres: postgres.pid }),
        restateOverHttp('Restate', restate, generator, { steps: STEPS, wait: true }),
      ].map(countingSteps),
      rulesOf(context.options, levels, 'steps_per_second', () => postgres.checkpoint()),
    );
    standings(results, [
      { key: 'steps_per_second', unit: 'steps/s' },
      { key: 'p50_ms', unit: 'p50 ms' },
      { key: 'p99_ms', unit: 'p99 ms' },
    ]);
    const [heddle, peer] = results as [Standing, Standing];
    ratio('Heddle to Restate', spreadOf(heddle, 'steps_per_second').median / spreadOf(peer, 'steps_per_second').median, { atLeast: 4 });
  },
};

function countingSteps(contender: ReturnType<typeof heddleOverHttp>): ReturnType<typeof heddleOverHttp> {
  return {
    ...contender,
    async round(load) {
      const sample = await contender.round(load);
      return { ...sample, steps_per_second: (sample['per_second'] ?? 0) * STEPS };
    },
  };
}

await runAlone(import.meta, stepsOverHttp);
