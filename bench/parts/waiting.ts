import { randomUUID } from 'node:crypto';
import type { BenchContext, Part } from '../lib/bench-context.js';
import { cpuSeconds } from '../lib/cpu-time.js';
import { HeddleServer } from '../lib/heddle-server.js';
import { parkRuns, post } from '../lib/parked.js';
import { query } from '../lib/postgres.js';
import { number, print, table } from '../lib/report.js';
import { runAlone } from '../lib/run-alone.js';
import { median, percentile } from '../lib/statistics.js';

const FEW = 100;
const MANY = 100_000;
const MANY_QUICK = 5_000;
const STARTS = 5;
const TIMES = 100;
const TIMES_QUICK = 20;
/** Long enough for every sweep and background loop to come round several times. */
const IDLE_MS = 10_000;
const IDLE_MS_QUICK = 3_000;

interface Side {
  readonly parked: number;
  readonly url: string;
  /** Runs that wait for the signal `go`. */
  readonly signalled: string[];
  server: HeddleServer;
}

/** What was measured of one side, by name; in the order of the table. */
type Figures = Map<string, number>;

/** (h) What runs that wait cost: parked ones hold no memory, no connection and no worker. */
export const waiting: Part = {
  key: 'h',
  title: '(h) start-up, memory, claims and wake-ups with few and with many waiting runs',
  async run(context) {
    const { quick } = context.options;
    const many = quick ? MANY_QUICK : MANY;
    const sides = [await openSide(context, FEW), await openSide(context, many)];
    const figures: Figures[] = [new Map(), new Map()];
    await measureStarts(sides, figures, quick ? 2 : STARTS);
    for (const [index, side] of sides.entries()) {
      await measureIdle(context, side, figures[index] ?? new Map(), quick ? IDLE_MS_QUICK : IDLE_MS);
    }
    for (const side of sides) side.server = await context.own(HeddleServer.start({ url: side.url }));
    await measureWork(sides, figures, quick ? TIMES_QUICK : TIMES);
    const [few, full] = figures as [Figures, Figures];
    table(
      ['', `${number(FEW)} waiting`, `${number(many)} waiting`, 'ratio'],
      [...few].map(([name, value]) => [
        name,
        number(value),
        number(full.get(name) ?? Number.NaN),
        `${number((full.get(name) ?? Number.NaN) / value)}×`,
      ]),
    );
  },
};

async function openSide(context: BenchContext, parked: number): Promise<Side> {
  const url = await (await context.postgres()).createDatabase();
  const server = await HeddleServer.start({ url });
  const startedAt = performance.now();
  const signalled = await parkRuns(url, server, parked);
  await server.stop();
  print(`${number(parked)} runs parked in ${number((performance.now() - startedAt) / 1000)} s`);
  return { parked, url, signalled, server };
}

/** In turns. */
async function measureStarts(sides: readonly Side[], figures: readonly Figures[], starts: number): Promise<void> {
  const took: number[][] = sides.map(() => []);
  for (let nth = 0; nth < starts; nth += 1) {
    for (const [index, side] of sides.entries()) {
      const startedAt = performance.now();
      side.server = await HeddleServer.start({ url: side.url });
      took[index]?.push(performance.now() - startedAt);
      await side.server.stop();
    }
  }
  for (const [index, times] of took.entries()) figures[index]?.set('start-up until the first answers, ms', median(times));
}

/** With no other server on the database server. */
async function measureIdle(context: BenchContext, side: Side, figures: Figures, idleMs: number): Promise<void> {
  const postgres = await context.postgres();
  side.server = await HeddleServer.start({ url: side.url });
  const pids = { 'the server': side.server.process.pid, Postgres: postgres.pid };
  const used = (): number[] => Object.values(pids).map((pid) => cpuSeconds(pid) ?? Number.NaN);
  await new Promise((resolve) => setTimeout(resolve, idleMs / 2));
  const before = used();
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const after = used();
  const response = await fetch(`${side.server.url}/api/v1/system/status`, { headers: side.server.headers });
  const status = (await response.json()) as { process: { runs: number; memory_bytes: number }; runs: { waiting: number } };
  if (status.runs.waiting !== side.parked) throw new Error(`${status.runs.waiting} of ${side.parked} runs wait`);
  figures.set('runs in memory', status.process.runs);
  figures.set('memory of the server, MiB', status.process.memory_bytes / 2 ** 20);
  for (const [index, name] of Object.keys(pids).entries()) {
    figures.set(`CPU of ${name} while idle, ms per s`, ((after[index] ?? 0) - (before[index] ?? 0)) * (1e6 / idleMs));
  }
  await side.server.stop();
}

/** In turns, so that whatever else the machine does falls on both. */
async function measureWork(sides: readonly Side[], figures: readonly Figures[], times: number): Promise<void> {
  const claims: number[][] = sides.map(() => []);
  for (let nth = 0; nth < times; nth += 1) {
    for (const [index, side] of sides.entries()) {
      claims[index]?.push(await claim(side));
      const run = side.signalled[nth % side.signalled.length];
      // Few runs are woken once only.
      if (nth < side.signalled.length) await post(side.server, `/runs/${run}/signals/go`, {});
    }
  }
  for (const [index, side] of sides.entries()) {
    const wakes = await wakeTimes(side, Math.min(times, side.signalled.length));
    figures[index]?.set('a run through the tables, from its creation to its start, ms', median(claims[index] ?? []));
    figures[index]?.set('  95 %', percentile(claims[index] ?? [], 0.95));
    figures[index]?.set('from a signal to the end of the run that waited, ms', median(wakes));
    figures[index]?.set('  95 % of those', percentile(wakes, 0.95));
  }
}

/** A run with a concurrency key does not start where it is created: it is claimed. */
async function claim({ server, url }: Side): Promise<number> {
  const path = `${HeddleServer.runsPath(1).replace('/api/v1', '')}?wait=60s`;
  const { id } = (await post(server, path, { concurrency_key: randomUUID() })) as { id: string };
  const [row] = await query<{ ms: number }>(
    url,
    'SELECT (extract(epoch FROM started_at - created_at) * 1000)::float8 AS ms FROM runs WHERE id = $1',
    [id],
  );
  return row?.ms ?? Number.NaN;
}

async function wakeTimes({ url, signalled }: Side, count: number): Promise<number[]> {
  for (;;) {
    const rows = await query<{ ms: number }>(
      url,
      `SELECT (extract(epoch FROM r.finished_at - s.created_at) * 1000)::float8 AS ms FROM runs r JOIN run_signals s ON s.run_id = r.id
       WHERE r.id = ANY($1::uuid[]) AND r.status = 'success'`,
      [signalled.slice(0, count)],
    );
    if (rows.length === count) return rows.map(({ ms }) => ms);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

await runAlone(import.meta, waiting);
