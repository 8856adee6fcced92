import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ApiClient, startServer, type TestServer } from '../support/index.js';
import { lives } from '../support/processes.js';
import { eventually, type RunBody } from '../support/runs.js';
import { realPostgres, startCluster, type Cluster, type RealPostgres } from './support/cluster.js';

/** Each process notes its pid and ignores TERM: the script, a child, a grandchild, and one that left the session. */
const SCRIPT = `
trap '' TERM INT HUP
cd "{{ inputs.notes }}"
echo > $$
sh -c 'echo > $$; sh -c "echo > \\$\\$; while :; do sleep 0.1; done" & while :; do sleep 0.1; done' &
setsid sh -c 'echo > $$; while :; do sleep 0.1; done' &
while :; do sleep 0.1; done`;
const PROCESSES = 4;
/** A test starts servers, on a machine that may be busy. */
const LIMIT_MS = 180_000;
/** From the order to stop until nothing lives: the grace of the definition, and what a busy machine adds. */
const DEADLINE_MS = 5_000;

interface RunOfWorker extends RunBody {
  readonly worker: string | null;
}

let scratch: string;
let postgres: RealPostgres;
let trees = 0;

vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS });

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'heddle-trees-'));
  mkdirSync(join(scratch, 'definitions'));
  const inputs = { type: 'object', properties: { notes: { type: 'string' } } };
  const config = { script: SCRIPT, kill_after_ms: 300 };
  const after = { id: 'after', type: 'shell.exec', needs: ['tree'], config: { script: 'echo > "{{ inputs.notes }}/after"' } };
  const define = (name: string, node: object): void =>
    writeFileSync(
      join(scratch, 'definitions', `${name}.json`),
      JSON.stringify({ name: `trees/${name}`, inputs, nodes: [{ id: 'tree', type: 'shell.exec', config, ...node }, after] }),
    );
  define('endless', {});
  define('limited', { timeout_ms: 2_000 });
  define('limited-itself', { config: { ...config, timeout_ms: 2_000 } });
  postgres = await realPostgres();
});
afterAll(async () => {
  for (let tree = 1; tree <= trees; tree += 1) {
    for (const pid of pidsOf(join(scratch, String(tree)))) if (lives(pid)) process.kill(pid, 'SIGKILL');
  }
  await postgres?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const environment = (): Record<string, string> => ({ HEDDLE_WORKFLOWS_DIR: join(scratch, 'definitions') });

function pidsOf(notes: string): number[] {
  return readdirSync(notes)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A run with a whole tree of processes. */
async function startTree(api: ApiClient, workflow: string): Promise<{ id: string; notes: string; pids: number[] }> {
  const notes = join(scratch, String((trees += 1)));
  mkdirSync(notes);
  const { status, body } = await api.post<RunBody>(`/workflows/trees%2F${workflow}/runs`, { inputs: { notes } });
  expect(status).toBe(202);
  const pids = await eventually(
    async () => pidsOf(notes),
    (found) => found.length === PROCESSES,
    30_000,
  );
  expect(pids.filter(lives)).toHaveLength(PROCESSES);
  return { id: body.id, notes, pids };
}

async function allDead(pids: readonly number[], limitMs = DEADLINE_MS): Promise<void> {
  await eventually(
    async () => pids.filter(lives),
    (living) => living.length === 0,
    limitMs,
  );
}

async function reached(api: ApiClient, id: string, status: string): Promise<RunOfWorker> {
  return eventually(
    async () => (await api.get<RunOfWorker>(`/runs/${id}`)).body,
    (run) => run.status === status,
    30_000,
  );
}

describe('of several nodes', () => {
  let cluster: Cluster;
  const nodes = (): [TestServer, TestServer] => cluster.nodes as [TestServer, TestServer];

  beforeAll(async () => {
    cluster = await startCluster(postgres, { nodes: [{}, {}], env: { ...environment(), HEDDLE_LEASE_MS: '1500', HEDDLE_DRAIN_MS: '100' } });
  });
  afterAll(() => cluster?.stop());

  const holderOf = async (id: string): Promise<{ holder: TestServer; other: TestServer }> => {
    const { worker } = (await nodes()[0].api.get<RunOfWorker>(`/runs/${id}`)).body;
    const holder = cluster.holder(worker);
    const other = nodes().find((node) => node !== holder);
    if (holder === undefined || other === undefined) throw new Error(`nobody holds ${id}`);
    return { holder, other };
  };

  it('the one that holds the run kills its processes, whoever is asked to cancel it', async () => {
    for (const ask of ['other', 'holder'] as const) {
      const { id, notes, pids } = await startTree(nodes()[0].api, 'endless');
      const found = await holderOf(id);
      const receipt = await found[ask].api.post<{ status: string; stopping: string[] }>(`/runs/${id}/cancel`, {});
      expect(receipt).toMatchObject({ status: 202, body: { status: 'cancelling', stopping: ['tree'] } });
      await reached(found.other.api, id, 'cancelled');
      await allDead(pids);
      expect(existsSync(join(notes, 'after'))).toBe(false);
      await eventually(
        async () => existsSync(join(found.holder.dataDir, 'workspaces', id)),
        (there) => !there,
      );
    }
  });

  it.each(['limited', 'limited-itself'])('%s: a timeout kills them all', async (workflow) => {
    const { id, notes, pids } = await startTree(nodes()[0].api, workflow);
    expect((await reached(nodes()[1].api, id, 'failed')).error).toMatchObject({ code: 'timeout' });
    await allDead(pids);
    expect(existsSync(join(notes, 'after'))).toBe(false);
  });

  it('one that lost its lease kills what it started', async () => {
    const { id, notes, pids } = await startTree(nodes()[0].api, 'endless');
    const { holder, other } = await holderOf(id);
    process.kill(holder.pid, 'SIGSTOP');
    try {
      await eventually(
        async () => pidsOf(notes),
        (found) => found.length === 2 * PROCESSES,
        30_000,
      );
    } finally {
      process.kill(holder.pid, 'SIGCONT');
    }
    await allDead(pids, 2 * DEADLINE_MS);
    const taken = pidsOf(notes).filter((pid) => !pids.includes(pid));
    expect(taken.filter(lives)).toHaveLength(PROCESSES);
    await other.api.post(`/runs/${id}/cancel`, {});
    await reached(other.api, id, 'cancelled');
    await allDead(taken);
  });

  it('one that starts leaves alone what another runs in the same directory', async () => {
    const { id, pids } = await startTree(nodes()[0].api, 'endless');
    const { holder, other } = await holderOf(id);
    const env = {
      ...environment(),
      DATABASE_URL: cluster.databaseUrl,
      HEDDLE_BOOTSTRAP_ADMIN_KEY: holder.adminKey,
      HEDDLE_DATA_DIR: holder.dataDir,
    };
    const neighbour = await startServer({ env });
    try {
      await startTree(neighbour.api, 'limited').then(({ id: started }) => reached(neighbour.api, started, 'failed'));
      expect(pids.filter(lives)).toHaveLength(PROCESSES);
      expect(existsSync(join(holder.dataDir, 'workspaces', id))).toBe(true);
    } finally {
      await neighbour.dispose();
    }
    await other.api.post(`/runs/${id}/cancel`, {});
    await allDead(pids);
  });

  it('one that shuts down kills what it started, and another goes on', async () => {
    const { id, notes, pids } = await startTree(nodes()[0].api, 'endless');
    const { holder, other } = await holderOf(id);
    expect(await holder.kill('SIGTERM')).toBe(0);
    expect(pids.filter(lives)).toEqual([]);
    const all = await eventually(
      async () => pidsOf(notes),
      (found) => found.length === 2 * PROCESSES,
      30_000,
    );
    await other.api.post(`/runs/${id}/cancel`, {});
    await reached(other.api, id, 'cancelled');
    await allDead(all);
  });
});

describe('a server that is killed', () => {
  it('finds and kills at its next start what it left running, and executes the step again', async () => {
    const server = await startServer({ env: { ...environment(), HEDDLE_LEASE_MS: '1000' } });
    try {
      const { id, notes, pids } = await startTree(server.api, 'endless');
      await server.kill('SIGKILL');
      expect(pids.filter(lives)).toHaveLength(PROCESSES);
      await server.restart();
      expect(pids.filter(lives)).toEqual([]);
      const again = (
        await eventually(
          async () => pidsOf(notes),
          (found) => found.length === 2 * PROCESSES,
          30_000,
        )
      ).filter((pid) => !pids.includes(pid));
      expect(again.filter(lives)).toHaveLength(PROCESSES);
      await server.api.post(`/runs/${id}/cancel`, {});
      await reached(server.api, id, 'cancelled');
      await allDead(again);
      await eventually(
        async () => readdirSync(join(server.dataDir, 'workspaces')),
        (left) => left.length === 0,
      );
    } finally {
      await server.dispose();
    }
  });
});
