import type { Part } from '../lib/bench-context.js';
import { contest, rulesOf, spreadOf, type Standing } from '../lib/contest.js';
import { HeddleServer } from '../lib/heddle-server.js';
import { heddleOverHttp, restateOverHttp } from '../lib/http-contender.js';
import { ratio, standings } from '../lib/report.js';
import { Restate } from '../lib/restate.js';
import { runAlone } from '../lib/run-alone.js';

const STEPS = 3;

/** (c) One run after another. */
export const latency: Part = {
  key: 'c',
  title: '(c) latency of a run of 3 durable no-op steps, over HTTP, one at a time',
  async run(context) {
    const postgres = await context.postgres();
    const generator = await context.generator();
    const server = await context.own(HeddleServer.start({ url: await postgres.createDatabase() }));
    const restate = await context.own(Restate.start());
    const results = await contest(
      [
        heddleOverHttp('Heddle', server, generator, { steps: STEPS, wait: true, postgres: postgres.pid }),
        restateOverHttp('Restate', restate, generator, { steps: STEPS, wait: true }),
      ],
      { ...rulesOf(context.options, [1], 'per_second', () => postgres.checkpoint()), levels: [1] },
    );
    standings(results, [
      { key: 'p50_ms', unit: 'p50 ms' },
      { key: 'p99_ms', unit: 'p99 ms' },
    ]);
    const [heddle, peer] = results as [Standing, Standing];
    ratio("Heddle's p50 to Restate's", spreadOf(heddle, 'p50_ms').median / spreadOf(peer, 'p50_ms').median, { below: 1 });
  },
};

await runAlone(import.meta, latency);
