import type { BenchContext, Part } from '../lib/bench-context.js';
import { BenchProcess } from '../lib/bench-process.js';
import { contest, findLevel, rulesOf, spreadOf, type Contender, type Standing } from '../lib/contest.js';
import { heddleKernel } from '../lib/engine-contender.js';
import { compiled, scratchDir } from '../lib/paths.js';
import { query } from '../lib/postgres.js';
import { number, print, ratio, standings } from '../lib/report.js';
import { runAlone } from '../lib/run-alone.js';
import type { FloorParameters, Recording } from '../processes/floor.js';
import { KERNEL_LEVELS } from './steps-in-process.js';

const EMPTY = 'TRUNCATE run_events, live_runs, runs';

/**
 * (f) How much of the database the kernel leaves on the table. What it writes in (a) is recorded and written again: by the
 * store alone, and as bare inserts of nothing but the journal rows (with their hashes, under their leases).
 */
export const floor: Part = {
  key: 'f',
  title: '(f) the floor: the inserts that such a journal must do',
  async run(context) {
    const { options } = context;
    const postgres = await context.postgres();
    const [kernelUrl, recordUrl, playUrl] = [
      await postgres.createDatabase(),
      await postgres.createDatabase(),
      await postgres.createDatabase(),
    ];
    const kernel = await heddleKernel(context, 'Heddle, the kernel', { url: kernelUrl, postgres: postgres.pid });
    const rules = rulesOf(options, options.quick ? [100] : KERNEL_LEVELS, 'per_second', async () => {
      await query(kernelUrl, EMPTY);
      await postgres.checkpoint();
    });
    const { concurrency } = await findLevel(kernel, rules);
    const process = await startFloor(context, { dataDir: scratchDir('data'), recordUrl, playUrl });
    const recording = await process.request<Recording>('record', { concurrency, seconds: options.seconds });
    print(
      `recorded: ${number(recording.runs)} runs, ${number(recording.rows)} journal rows, ${recording.appends} flushes of ${number(recording.rowsPerAppend)} rows (median) in ${recording.lanes} lanes, ${recording.creates} creations`,
    );
    const again = (name: string, method: string): Contender => ({
      name,
      processes: { floor: process.pid, postgres: postgres.pid },
      round: async () => ({ per_second: await process.request<number>(method) }),
    });
    const results = await contest([kernel, again('the store alone', 'store'), again('bare inserts', 'bare')], {
      ...rules,
      levels: [concurrency],
    });
    standings(results, [{ key: 'per_second', unit: 'steps/s' }]);
    const [ours, store, bare] = results.map((standing: Standing) => spreadOf(standing, 'per_second').median) as [number, number, number];
    print(`  the kernel reaches ${number((ours / store) * 100)} % of its store`);
    ratio('the kernel to bare inserts', (ours / bare) * 100, { atLeast: 50 }, ' %');
  },
};

async function startFloor(context: BenchContext, parameters: FloorParameters): Promise<BenchProcess> {
  const { process } = await BenchProcess.start(compiled('processes', 'floor.js'), parameters);
  return await context.own(Promise.resolve(process));
}

await runAlone(import.meta, floor);
