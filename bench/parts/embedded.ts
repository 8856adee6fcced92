import type { Part } from '../lib/bench-context.js';
import { contest, rulesOf } from '../lib/contest.js';
import { heddleKernel } from '../lib/engine-contender.js';
import { HeddleServer } from '../lib/heddle-server.js';
import { heddleOverHttp } from '../lib/http-contender.js';
import { print, standings } from '../lib/report.js';
import { runAlone } from '../lib/run-alone.js';
import { KERNEL_LEVELS } from './steps-in-process.js';
import { SUBMISSION_LEVELS, SUBMISSIONS_PER_SECOND } from './submissions.js';

/** (e) What a user gets without any server: the database in WASM, in a thread, its log synced at every commit. */
export const embedded: Part = {
  key: 'e',
  title: '(e) the embedded database',
  async run(context) {
    const { options } = context;
    const kernel = await heddleKernel(context, 'Heddle, steps as in (a)', null);
    standings(await contest([kernel], rulesOf(options, options.quick ? [100] : KERNEL_LEVELS, 'per_second')), [
      { key: 'per_second', unit: 'steps/s' },
    ]);
    print('');
    const generator = await context.generator();
    const server = await context.own(HeddleServer.start({}));
    const submit = heddleOverHttp('Heddle, submissions as in (d)', server, generator, { steps: 1, wait: false });
    standings(await contest([submit], rulesOf(options, options.quick ? [32] : SUBMISSION_LEVELS, 'per_second')), SUBMISSIONS_PER_SECOND);
  },
};

await runAlone(import.meta, embedded);
