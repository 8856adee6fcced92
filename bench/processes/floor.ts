// Records what the kernel writes, then writes the same without the kernel.
import pg from 'pg';
import { serveParent, startParameters } from '../lib/child.js';
import type { Load } from '../lib/closed-loop.js';
import { median } from '../lib/statistics.js';
import { BareInserts } from './bare-inserts.js';
import { InProcessEngine, openStore } from './in-process-engine.js';
import { perform, Tape, type Operation } from './tape.js';

/** What the recording is made of. */
export interface Recording {
  readonly runs: number;
  readonly steps: number;
  readonly rows: number;
  readonly appends: number;
  readonly creates: number;
  readonly rowsPerAppend: number;
  readonly lanes: number;
}

export interface FloorParameters {
  readonly dataDir: string;
  /** Where the recording is made, and where it is played: both migrated databases of the same server. */
  readonly recordUrl: string;
  readonly playUrl: string;
}

const { dataDir, recordUrl, playUrl } = startParameters() as FloorParameters;
const recordStore = await openStore({ url: recordUrl, dataDir });
const playStore = await openStore({ url: playUrl, dataDir });
const pool = new pg.Pool({ connectionString: playUrl, max: 8 });
const tape = new Tape();
let bare: BareInserts;
let steps = 0;

async function record(load: Load): Promise<Recording> {
  const engine = new InProcessEngine({ ...recordStore, store: tape.record(recordStore.store) }, load.concurrency);
  await engine.steps(load);
  tape.start();
  await engine.steps(load);
  tape.stop();
  bare = new BareInserts(pool, tape);
  return describe();
}

function describe(): Recording {
  const appends = tape.operations.filter((operation) => operation.kind === 'append');
  const creates = tape.operations.filter((operation) => operation.kind === 'create');
  const entries = appends.flatMap((operation) => operation.writes.flatMap((write) => write.entries));
  steps = entries.filter((entry) => entry.type === 'step.completed').length;
  const runs = creates.reduce((sum, operation) => sum + operation.params.runs.length, 0);
  const sizes = appends.map((operation) => operation.writes.reduce((sum, write) => sum + write.entries.length, 0));
  return {
    runs,
    steps,
    rows: entries.length + runs,
    appends: appends.length,
    creates: creates.length,
    rowsPerAppend: median(sizes),
    lanes: playStore.journalLanes,
  };
}

/** Steps per second, once it is sure that every row is there. */
async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const { rows } = await pool.query<{ written: string }>("SELECT count(*) AS written FROM run_events WHERE type = 'step.completed'");
  if (Number(rows[0]?.written) !== steps) throw new Error(`${rows[0]?.written} steps were written instead of ${steps}`);
  return steps / seconds;
}

serveParent(
  {},
  {
    record,
    async bare() {
      await bare.prepare();
      return await timed(() => bare.insert(playStore.journalLanes));
    },
    async store() {
      const { operations } = tape;
      await pool.query('TRUNCATE run_events, live_runs, runs');
      return await timed(() =>
        tape.play((index) => perform(playStore.store, operations[index] as Operation), { lanes: playStore.journalLanes, causes: true }),
      );
    },
  },
);
