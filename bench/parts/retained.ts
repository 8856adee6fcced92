import { v7 as uuidv7 } from 'uuid';
import { newRun } from '../../src/engine/kernel/new-run.js';
import type { RunStore, StoredDefinition } from '../../src/engine/index.js';
import { encodeCursor } from '../../src/platform/http/cursor.js';
import type { BenchContext, Part } from '../lib/bench-context.js';
import { noopChain } from '../lib/chain.js';
import { HeddleServer } from '../lib/heddle-server.js';
import { writeHistory } from '../lib/history.js';
import { scratchDir } from '../lib/paths.js';
import { query } from '../lib/postgres.js';
import { number, print, table } from '../lib/report.js';
import { runAlone } from '../lib/run-alone.js';
import { median, percentile } from '../lib/statistics.js';
import { openStore } from '../processes/in-process-engine.js';

const FEW = 1_000;
const MANY = 1_000_000;
const MANY_QUICK = 50_000;
const TIMES = 100;
const TIMES_QUICK = 20;
const WARM_UP = 20;
const CLAIMED_AT_A_TIME = 50;
const AIM = 1.5;

/** A server over a database with so many runs that are over. */
interface Side {
  readonly runs: number;
  readonly server: HeddleServer;
  readonly store: RunStore;
  readonly url: string;
  /** A run in the middle of the history. */
  readonly middle: string;
}

interface Question {
  readonly name: string;
  /** Answers how long it took, in milliseconds. */
  ask(side: Side): Promise<number>;
}

/** (g) What runs that are over cost those who ask about others. */
export const retained: Part = {
  key: 'g',
  title: '(g) lists, claims and events with few and with many finished runs in the tables',
  async run(context) {
    const many = context.options.quick ? MANY_QUICK : MANY;
    const times = context.options.quick ? TIMES_QUICK : TIMES;
    const few = await openSide(context, FEW);
    const full = await openSide(context, many);
    const rows: string[][] = [];
    for (const question of QUESTIONS) {
      const [base, other] = await compare(question, few, full, times);
      const ratio = median(other) / median(base);
      const tell = (all: readonly number[]): string[] => [number(median(all)), number(percentile(all, 0.95))];
      rows.push([question.name, ...tell(base), ...tell(other), `${number(ratio)}×${ratio > AIM ? ' !' : ''}`]);
    }
    table(['', `${number(FEW)} runs, ms`, 'p95', `${number(many)} runs, ms`, 'p95', `ratio (aim: below ${AIM}×)`], rows);
  },
};

const QUESTIONS: readonly Question[] = [
  get('GET /runs, the first page', () => '/runs'),
  get('GET /runs, a page from the middle', ({ middle }) => `/runs?cursor=${encodeCursor(middle)}`),
  get('GET /runs?status=success', () => '/runs?status=success'),
  get('GET /runs?status=failed', () => '/runs?status=failed'),
  get('GET /runs?status=failed,cancelled, from the middle', ({ middle }) => `/runs?status=failed,cancelled&cursor=${encodeCursor(middle)}`),
  get('GET /runs?status=running,waiting', () => '/runs?status=running,waiting'),
  get('GET /runs?workflow=', () => '/runs?workflow=bench%2Fsteps-10'),
  get('GET /runs?workflow=, from the middle', ({ middle }) => `/runs?workflow=bench%2Fsteps-10&cursor=${encodeCursor(middle)}`),
  get('GET /runs?workflow=&status=cancelled', () => '/runs?workflow=bench%2Fsteps-10&status=cancelled'),
  get(
    'GET /runs?workflow=&status=success, from the middle',
    ({ middle }) => `/runs?workflow=bench%2Fsteps-10&status=success&cursor=${encodeCursor(middle)}`,
  ),
  get('GET /runs?since=&until=', ({ middle }) => {
    const at = Number.parseInt(middle.slice(0, 8) + middle.slice(9, 13), 16);
    return `/runs?since=${new Date(at).toISOString()}&until=${new Date(at + 86_400_000).toISOString()}`;
  }),
  get('GET /runs/{id}', ({ middle }) => `/runs/${middle}`),
  get('GET /runs/{id}/events', ({ middle }) => `/runs/${middle}/events`),
  get('GET /runs/{id}/events?types=, after=', ({ middle }) => `/runs/${middle}/events?types=step.completed&after=2`),
  get('GET /runs/{id}/steps', ({ middle }) => `/runs/${middle}/steps`),
  { name: `claiming ${CLAIMED_AT_A_TIME} runs, with their journals`, ask: claim },
];

/** In turns, so that whatever else the machine does falls on both. */
async function compare(question: Question, few: Side, full: Side, times: number): Promise<[number[], number[]]> {
  const [base, other]: [number[], number[]] = [[], []];
  for (let time = -WARM_UP; time < times; time += 1) {
    for (const [side, into] of [
      [few, base],
      [full, other],
    ] as const) {
      const took = await question.ask(side);
      if (time >= 0) into.push(took);
    }
  }
  return [base, other];
}

function get(name: string, path: (side: Side) => string): Question {
  return {
    name,
    async ask(side) {
      const startedAt = performance.now();
      const response = await fetch(`${side.server.url}/api/v1${path(side)}`, { headers: side.server.headers });
      const text = await response.text();
      const took = performance.now() - startedAt;
      if (!response.ok) throw new Error(`${path(side)} answered ${response.status}: ${text}`);
      return took;
    },
  };
}

const DEFINITION: StoredDefinition = {
  versionId: uuidv7(),
  workflowId: uuidv7(),
  tenant: 'default',
  name: 'bench/steps',
  version: 1,
  source: 'api',
  definition: noopChain('bench/steps', 1),
};

async function claim({ store, url }: Side): Promise<number> {
  const owner = 'bench:claims';
  const request = { tenant: 'default', definition: DEFINITION, inputs: {}, trigger: 'api' };
  const runs = Array.from({ length: CLAIMED_AT_A_TIME }, () => newRun(uuidv7(), request, Date.now(), false));
  await store.createRuns({ runs, owner, leaseMs: 60_000 });
  const startedAt = performance.now();
  const claimed = await store.claimRuns({ owner, leaseMs: 60_000, limit: CLAIMED_AT_A_TIME });
  const journals = await store.loadJournals(claimed.map(({ id }) => id));
  const took = performance.now() - startedAt;
  if (journals.size !== CLAIMED_AT_A_TIME) throw new Error(`claimed ${claimed.length}, loaded ${journals.size}`);
  const ids = runs.map(({ id }) => id);
  for (const [name, column] of Object.entries({ live_runs: 'run_id', run_events: 'run_id', runs: 'id' })) {
    await query(url, `DELETE FROM ${name} WHERE ${column} = ANY($1::uuid[])`, [ids]);
  }
  return took;
}

async function openSide(context: BenchContext, runs: number): Promise<Side> {
  const postgres = await context.postgres();
  const url = await postgres.createDatabase();
  // Claims are measured past the server: it must not be the one that makes them.
  const server = await context.own(HeddleServer.start({ url, role: 'api' }));
  const startedAt = performance.now();
  await writeHistory(url, runs);
  const [size] = await query<{ megabytes: number; rows: number }>(
    url,
    `SELECT (pg_database_size(current_database()) / 1048576)::int AS megabytes, (SELECT count(*) FROM run_events)::int AS rows`,
  );
  print(
    `${number(runs)} runs, ${number(size?.rows ?? 0)} journal rows, ${number(size?.megabytes ?? 0)} MiB, written in ${number((performance.now() - startedAt) / 1000)} s`,
  );
  const [middle] = await query<{ id: string }>(url, 'SELECT id FROM runs ORDER BY id OFFSET $1 LIMIT 1', [runs >> 1]);
  const { store } = await openStore({ url, dataDir: scratchDir('data') });
  return { runs, server, store, url, middle: middle?.id ?? '' };
}

await runAlone(import.meta, retained);
