import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { runRate } from '../model/rate.js';
import { PRIORITY_POINT_MS, type NewRun, type RunStore } from '../ports/run-store.js';
import type { StoreUnderTest } from './run-store.contract.js';
import { runOf } from './stored-run.js';

const LEASE = { owner: 'worker-a', leaseMs: 600_000 };

/** The rules of the run store port about who starts when: priorities, rates, pauses. Every implementation runs this suite. */
export function runStoreLimitsContract(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`run store contract, limits: ${name}`, () => {
    let store: RunStore;
    let passTime: StoreUnderTest['passTime'];
    let versionId: string;
    let tenant: string;
    let workflowId: string;

    beforeEach(async () => {
      ({ store, versionId, passTime } = await create());
      // The store may be shared: whatever earlier tests left claimable is taken out of the way.
      for (let more = true; more;) {
        await passTime(3_600_000);
        await store.sweep();
        more = (await store.claimRuns({ owner: 'janitor', leaseMs: 600_000, limit: 500 })).length > 0;
      }
      tenant = `t-${randomUUID()}`;
      workflowId = randomUUID();
    });

    let created = 0;
    const newRun = (fields: Partial<NewRun> = {}): NewRun => {
      // Ids are in the order of creation, as those of version 7 are.
      const id = `00000000-0000-7000-8000-${(++created).toString(16).padStart(4, '0')}${randomUUID().slice(0, 8)}`;
      return runOf({ id, tenant, workflowId, versionId, ...fields });
    };
    const createRuns = (...runs: NewRun[]) => store.createRuns({ runs, ...LEASE });
    const createOne = async (fields: Partial<NewRun> = {}): Promise<string> => {
      const run = newRun(fields);
      expect((await createRuns(run))[0]).toMatchObject({ outcome: 'created' });
      return run.id;
    };
    const claimIds = async (limit = 100): Promise<string[]> => (await store.claimRuns({ ...LEASE, limit })).map(({ id }) => id);
    const end = async (runId: string): Promise<readonly string[]> => {
      const transition = { kind: 'end', status: 'success', error: null, at: Date.now() } as const;
      return (await store.append([{ runId, tenant, epoch: 1, entries: [], transition }])).woken;
    };
    const pause = (id = workflowId) => store.pauseWorkflow({ tenant, workflowId: id, by: 'me', reason: null });
    const resume = (id = workflowId) => store.resumeWorkflow({ tenant, workflowId: id });

    describe('priorities', () => {
      it('order what became claimable at the same time', async () => {
        const [low, plain, high] = [await createOne({ priority: -5 }), await createOne(), await createOne({ priority: 5 })];
        expect(await claimIds()).toEqual([high, plain, low]);
      });

      it('let no run starve: a point is worth a minute of waiting', async () => {
        const low = await createOne({ priority: -2 });
        await passTime(1.5 * PRIORITY_POINT_MS);
        const plain = await createOne();
        expect(await claimIds(1)).toEqual([plain]);
        await passTime(PRIORITY_POINT_MS);
        const later = await createOne();
        expect(await claimIds()).toEqual([low, later]);
      });

      it('age in the line of a concurrency key as well', async () => {
        const concurrency = { key: 'k', limit: 1, onConflict: 'queue' } as const;
        const holder = await createOne({ concurrency });
        const old = await createOne({ concurrency });
        await passTime(2 * PRIORITY_POINT_MS);
        const favoured = await createOne({ concurrency, priority: 1 });
        const urgent = await createOne({ concurrency, priority: 9 });
        expect(await claimIds()).toEqual([holder]);
        expect(await end(holder)).toEqual([urgent]);
        expect(await claimIds()).toEqual([urgent]);
        expect(await end(urgent)).toEqual([old]);
        expect(await claimIds()).toEqual([old]);
        expect(await end(old)).toEqual([favoured]);
      });
    });

    describe('rates', () => {
      const rate = runRate({ limit: 1, per_ms: 60_000 });

      it('space starts, in the order of creation', async () => {
        const [first, second, third] = [await createOne({ rate }), await createOne({ rate }), await createOne({ rate })];
        expect(await claimIds()).toEqual([first]);
        const { nextWakeInMs } = await store.sweep();
        expect(nextWakeInMs).toBeGreaterThan(0);
        expect(nextWakeInMs).toBeLessThanOrEqual(60_000);
        await passTime(30_000);
        expect(await claimIds()).toEqual([]);
        await passTime(31_000);
        expect((await store.sweep()).readied).toBeGreaterThan(0);
        expect(await claimIds()).toEqual([second]);
        await passTime(61_000);
        expect(await claimIds()).toEqual([third]);
      });

      it('are not made up for after a time in which nobody claimed', async () => {
        const runs = [await createOne({ rate }), await createOne({ rate }), await createOne({ rate })];
        await passTime(3_600_000);
        expect(await claimIds()).toEqual([runs[0]]);
        expect(await claimIds()).toEqual([]);
      });

      it('let as many start at once as the burst says', async () => {
        const bursty = runRate({ limit: 1, per_ms: 60_000, burst: 3 });
        const runs: string[] = [];
        for (let i = 0; i < 6; i++) runs.push(await createOne({ rate: bursty }));
        expect(await claimIds()).toEqual(runs.slice(0, 3));
        await passTime(61_000);
        expect(await claimIds()).toEqual([runs[3]]);
        await passTime(3_600_000);
        expect(await claimIds(1)).toEqual([runs[4]]);
        expect(await claimIds()).toEqual([runs[5]]);
      });

      it('tell a claim that it was spaced, and leave other workflows alone', async () => {
        const other = await createOne({ workflowId: randomUUID() });
        const [mine, waits] = [await createOne({ rate }), await createOne({ rate })];
        const claimed = await store.claimRuns({ ...LEASE, limit: 10 });
        expect(claimed).toHaveLength(2);
        expect(claimed.find(({ id }) => id === other)).toMatchObject({ spaced: false, epoch: 1 });
        const start = claimed.find(({ id }) => id === mine);
        expect(start).toMatchObject({ spaced: true, epoch: 1 });
        expect(start?.startedAt).not.toBeNull();
        expect(await store.requestCancel({ runId: waits, tenant, reason: null })).toEqual({ outcome: 'accepted', owner: null });
        expect(await claimIds()).toEqual([waits]);
      });

      it('give what is due the next place, however many others wait, and take no place without need', async () => {
        const others = [await createOne({ workflowId: randomUUID() }), await createOne({ workflowId: randomUUID() })];
        const [mine] = [await createOne({ rate }), await createOne({ rate })];
        const soon = [await claimIds(1), await claimIds(1)].flat();
        expect(soon).toContain(mine);
        expect(soon).toContain(others[0]);
        expect(await claimIds(1)).toEqual([others[1]]);
      });

      it('hold when many claim at once', async () => {
        const pair = runRate({ limit: 1, per_ms: 60_000, burst: 2 });
        await createRuns(...Array.from({ length: 20 }, () => newRun({ rate: pair })));
        expect((await Promise.all(Array.from({ length: 8 }, () => claimIds(5)))).flat()).toHaveLength(2);
      });

      it('lose no run that is created while another is claimed', async () => {
        const fast = runRate({ limit: 1_000, per_ms: 1, burst: 1_000 });
        const claimed = new Set<string>();
        const ids: string[] = [];
        for (let round = 0; round < 25; round++) {
          const runs = [newRun({ rate: fast }), newRun({ rate: fast })];
          ids.push(...runs.map(({ id }) => id));
          const found = await Promise.all([...runs.map((run) => createRuns(run).then(() => [])), claimIds(), claimIds()]);
          for (const id of found.flat()) claimed.add(id);
        }
        for (const id of await claimIds(500)) claimed.add(id);
        expect(ids.filter((id) => !claimed.has(id))).toEqual([]);
      });

      it('come after the time of a later run, and after its key', async () => {
        const concurrency = { key: 'k', limit: 1, onConflict: 'queue' } as const;
        const first = await createOne({ rate });
        const later = await createOne({ rate, runAt: Date.now() - 1 });
        const holder = await createOne({ concurrency });
        const keyed = await createOne({ rate, concurrency });
        expect((await claimIds()).toSorted()).toEqual([first, holder].toSorted());
        await passTime(61_000);
        await store.sweep();
        expect(await claimIds()).toEqual([later]);
        await passTime(61_000);
        expect(await claimIds()).toEqual([]);
        expect(await end(holder)).toEqual([keyed]);
        expect(await claimIds()).toEqual([keyed]);
      });
    });

    describe('pauses', () => {
      it('hold back what has not started, and let go of it in its order', async () => {
        const running = await createOne();
        expect(await claimIds()).toEqual([running]);
        const waiting = await createOne();
        await pause();
        const after = await createOne();
        const elsewhere = await createOne({ workflowId: randomUUID() });
        expect(await claimIds()).toEqual([elsewhere]);
        expect(await claimIds()).toEqual([]);
        await store.append([{ runId: running, tenant, epoch: 1, entries: [], transition: { kind: 'release' } }]);
        expect(await claimIds()).toEqual([running]);
        expect(await resume()).toBe(true);
        expect(await claimIds()).toEqual([waiting, after]);
        expect(await resume()).toBe(false);
      });

      it('refuse a lease at creation, and take the run without', async () => {
        await pause();
        const run = newRun({ claim: true });
        const other = newRun({ claim: true, workflowId: randomUUID() });
        expect(await createRuns(run, other)).toEqual([{ outcome: 'paused' }, { outcome: 'created', leased: true }]);
        expect(await store.loadJournals([run.id])).toEqual(new Map());
        const waits = newRun({ id: run.id });
        expect(await createRuns(waits)).toEqual([{ outcome: 'created', leased: false }]);
        expect(await claimIds()).toEqual([]);
        await resume();
        expect(await claimIds()).toEqual([run.id]);
      });

      it('are of one tenant, and begin anew after a resume', async () => {
        await pause();
        const run = await createOne();
        expect(await claimIds()).toEqual([]);
        expect(await store.resumeWorkflow({ tenant: 'someone-else', workflowId })).toBe(false);
        await store.sweep();
        expect(await claimIds()).toEqual([]);
        await resume();
        await pause();
        await pause();
        await store.sweep();
        expect(await claimIds()).toEqual([]);
        await resume();
        expect(await claimIds()).toEqual([run]);
      });

      it('give back the concurrency key, and queue for it again', async () => {
        const concurrency = { key: 'k', limit: 1, onConflict: 'queue' } as const;
        await pause();
        const held = await createOne({ concurrency });
        expect(await claimIds()).toEqual([]);
        const other = await createOne({ concurrency, workflowId: randomUUID() });
        expect(await claimIds()).toEqual([other]);
        await resume();
        expect(await claimIds()).toEqual([]);
        expect(await end(other)).toEqual([held]);
        expect(await claimIds()).toEqual([held]);
      });

      it('hold a workflow with a rate, which starts at its rate when resumed', async () => {
        const rate = runRate({ limit: 1, per_ms: 60_000 });
        await pause();
        const [first] = [await createOne({ rate }), await createOne({ rate })];
        await passTime(600_000);
        expect(await claimIds()).toEqual([]);
        await resume();
        expect(await claimIds()).toEqual([first]);
      });

      it('hold a run whose time comes meanwhile', async () => {
        await pause();
        const later = await createOne({ runAt: Date.now() - 1 });
        await store.sweep();
        expect(await claimIds()).toEqual([]);
        await resume();
        expect(await claimIds()).toEqual([later]);
      });

      it('do not hold back a cancel', async () => {
        await pause();
        const [held, fresh] = [await createOne(), newRun()];
        expect(await claimIds()).toEqual([]);
        await createRuns(fresh);
        for (const runId of [held, fresh.id]) await store.requestCancel({ runId, tenant, reason: null });
        expect((await claimIds()).toSorted()).toEqual([held, fresh.id].toSorted());
      });

      it('hold back nothing for ever, whatever meets a resume', async () => {
        const ids: string[] = [];
        const claimed = new Set<string>();
        for (let round = 0; round < 25; round++) {
          await pause();
          const runs = [newRun(), newRun(), newRun()];
          ids.push(...runs.map(({ id }) => id));
          const found = await Promise.all([
            ...runs.map((run) => createRuns(run).then(() => [])),
            claimIds(),
            resume().then(() => []),
            claimIds(),
          ]);
          for (const id of found.flat()) claimed.add(id);
        }
        for (const id of await claimIds(500)) claimed.add(id);
        expect(ids.filter((id) => !claimed.has(id))).toEqual([]);
      });
    });
  });
}
