// `npm run bench:profile -- --of=a`: one round of a part with our own process under V8's profiler, and what Postgres did meanwhile.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BenchProcess } from './lib/bench-process.js';
import { STEPS } from './lib/chain.js';
import type { Contender } from './lib/contest.js';
import { printProfile } from './lib/cpu-profile.js';
import { DatabaseProfile, STATEMENT_STATISTICS } from './lib/database-profile.js';
import { stepsContender } from './lib/engine-contender.js';
import { HeddleServer } from './lib/heddle-server.js';
import { heddleOverHttp } from './lib/http-contender.js';
import { compiled, ROOT, scratchDir } from './lib/paths.js';
import { BenchPostgres } from './lib/postgres.js';
import { heading, number, print } from './lib/report.js';

const INTERVAL_US = 200;
const OUTPUT = join(ROOT, 'node_modules', '.cache', 'heddle-bench-profiles');

interface Subject {
  readonly process: BenchProcess;
  readonly contender: Contender;
  readonly concurrency: number;
}

const { values } = parseArgs({
  options: {
    of: { type: 'string', default: 'a,d' },
    seconds: { type: 'string', default: '8' },
    concurrency: { type: 'string' },
    top: { type: 'string', default: '25' },
  },
});

const postgres = await BenchPostgres.start(STATEMENT_STATISTICS);
const { process: generator } = await BenchProcess.start(compiled('processes', 'load-generator.js'), {});

async function overHttp(role: 'all' | 'api', run: { steps: number; wait: boolean }, concurrency: number): Promise<Subject> {
  const server = await HeddleServer.start({ url: await postgres.createDatabase(), role, workerConcurrency: 1000 });
  return { process: server.process, contender: heddleOverHttp('', server, generator, run), concurrency };
}

const SUBJECTS: Readonly<Record<string, { what: string; start: () => Promise<Subject> }>> = {
  a: {
    what: '(a) steps in process',
    async start() {
      const parameters = { dataDir: scratchDir('data'), url: await postgres.createDatabase() };
      const { process } = await BenchProcess.start(compiled('processes', 'engine.js'), parameters);
      return { process, contender: stepsContender('', process, {}), concurrency: 300 };
    },
  },
  b: { what: '(b) steps over HTTP', start: () => overHttp('all', { steps: STEPS, wait: true }, 200) },
  c: { what: '(c) one run at a time over HTTP', start: () => overHttp('all', { steps: 3, wait: true }, 1) },
  d: { what: '(d) submissions, role api', start: () => overHttp('api', { steps: 1, wait: false }, 64) },
  'd-all': { what: '(d) submissions, role all', start: () => overHttp('all', { steps: 1, wait: false }, 64) },
};

async function profile(key: string): Promise<void> {
  const known = SUBJECTS[key];
  if (known === undefined) throw new Error(`--of takes some of ${Object.keys(SUBJECTS).join(', ')}`);
  const { process, contender, concurrency } = await known.start();
  const load = { concurrency: Number(values.concurrency ?? concurrency), seconds: Number(values.seconds) };
  await contender.round({ ...load, seconds: Math.min(3, load.seconds) });
  await postgres.checkpoint();
  const database = await DatabaseProfile.start(postgres.url('postgres'));
  await process.request('startProfile', { intervalUs: INTERVAL_US });
  const startedAt = performance.now();
  const sample = await contender.round(load);
  const seconds = (performance.now() - startedAt) / 1000;
  const file = join(OUTPUT, `${key}.cpuprofile`);
  await process.request('stopProfile', { file });
  heading(`${known.what}, ${load.concurrency} in flight`);
  print(`${number(sample['per_second'] ?? 0)} per second under the profiler; ${file}`);
  printProfile(file, Number(values.top));
  await database.print(seconds);
  await process.stop();
}

mkdirSync(OUTPUT, { recursive: true });
try {
  for (const key of values.of.split(',')) await profile(key);
} finally {
  await generator.stop();
  await postgres.stop();
}
