import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { GENESIS_HASH } from '../journal/hash-chain.js';
import type { JournalEntry } from '../journal/journal-entry.js';
import type { JournalWrite, LeaseTransition, NewRun, RunStore } from '../ports/run-store.js';
import { entry, runOf } from './stored-run.js';

export interface StoreUnderTest {
  readonly store: RunStore;
  /** A version id that runs may refer to. */
  readonly versionId: string;
  /** Makes it so much later for all runs that wait. */
  readonly passTime: (ms: number) => Promise<void>;
}

const LEASE = { owner: 'worker-a', leaseMs: 60_000 };

/** The rules of the run store port. Every implementation runs this suite. */
export function runStoreContract(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`run store contract: ${name}`, () => {
    let store: RunStore;
    let versionId: string;
    let tenant: string;

    beforeEach(async () => {
      ({ store, versionId } = await create());
      // The store may be shared: whatever earlier tests left claimable is taken out of the way.
      while ((await store.claimRuns({ owner: 'janitor', leaseMs: 600_000, limit: 500 })).length > 0);
      tenant = `t-${randomUUID()}`;
    });

    const newRun = (fields: Partial<NewRun> = {}): NewRun => runOf({ tenant, versionId, tags: ['a', 'b'], ...fields });
    const createRuns = (...runs: NewRun[]) => store.createRuns({ runs, ...LEASE });
    const leased = async (fields: Partial<NewRun> = {}): Promise<NewRun> => {
      const run = newRun({ claim: true, ...fields });
      await createRuns(run);
      return run;
    };
    const write = (run: NewRun, epoch: number, entries: JournalEntry[], transition: LeaseTransition | null = null): JournalWrite => ({
      runId: run.id,
      tenant,
      epoch,
      entries,
      transition,
    });
    const end = (status: 'success' | 'failed' | 'cancelled' = 'success'): LeaseTransition => ({
      kind: 'end',
      status,
      error: null,
      at: Date.now(),
    });
    const journalOf = async (run: NewRun): Promise<JournalEntry[]> => (await store.loadJournals([run.id])).get(run.id) ?? [];

    describe('creating', () => {
      it('leases to the creator what it asks for, and leaves the rest claimable', async () => {
        const mine = newRun({ claim: true });
        const anyones = newRun();
        expect(await createRuns(mine, anyones)).toEqual([
          { outcome: 'created', leased: true },
          { outcome: 'created', leased: false },
        ]);
        const claimed = await store.claimRuns({ owner: 'worker-b', leaseMs: 60_000, limit: 10 });
        expect(claimed.map((run) => run.id)).toEqual([anyones.id]);
        expect(claimed[0]).toMatchObject({ tenant, epoch: 1, versionId, subjectName: 'demo/x', trigger: 'api', cancel: null });
      });

      it('writes nothing for an id that exists, also within one batch', async () => {
        const run = newRun();
        const [first, second] = await createRuns(run, { ...run });
        expect([first, second].map((outcome) => (outcome as { outcome: string }).outcome)).toContain('created');
        expect((await createRuns(run))[0]).toEqual({ outcome: 'exists', runId: run.id });
        expect(await journalOf(run)).toHaveLength(1);
      });

      it('gives back the child that a parent step already started', async () => {
        const parent = await leased();
        const child = newRun({ parentRunId: parent.id, parentStep: 'sub/child' });
        const again = newRun({ parentRunId: parent.id, parentStep: 'sub/child' });
        await createRuns(child);
        expect((await createRuns(again))[0]).toEqual({ outcome: 'exists', runId: child.id });
      });

      it('begins a run with the rows it keeps of another', async () => {
        const run = newRun();
        const kept = entry(run.id, run.first, 'step.completed', { step: 'x', span: 2, attempt: 1, data: { output: 1, kept: true } });
        expect((await createRuns({ ...run, kept: [kept] }))[0]).toEqual({ outcome: 'created', leased: false });
        expect(await journalOf(run)).toEqual([run.first, kept]);
        expect((await createRuns({ ...run, kept: [kept] }))[0]).toEqual({ outcome: 'exists', runId: run.id });
      });

      it('does not start a run before its time', async () => {
        const run = newRun({ runAt: Date.now() + 3_600_000 });
        await createRuns(run);
        const sweep = await store.sweep();
        expect(sweep.nextWakeInMs).toBeGreaterThan(0);
        expect(await store.claimRuns({ owner: 'w', leaseMs: 1_000, limit: 10 })).toEqual([]);
      });

      it('readies a run whose time has come', async () => {
        const run = newRun({ runAt: Date.now() - 1 });
        await createRuns(run);
        await store.sweep();
        const claimed = await store.claimRuns({ owner: 'w', leaseMs: 1_000, limit: 10 });
        expect(claimed.map(({ id }) => id)).toEqual([run.id]);
      });
    });

    describe('concurrency keys', () => {
      const keyed = (onConflict: 'queue' | 'cancel_running' | 'reject', fields: Partial<NewRun> = {}): NewRun =>
        newRun({ concurrency: { key: 'k', limit: 1, onConflict }, ...fields });
      const claimIds = async (): Promise<string[]> => (await store.claimRuns({ ...LEASE, limit: 10 })).map(({ id }) => id);

      it('queues above the limit and promotes when a holder ends', async () => {
        const [first, second, third] = [keyed('queue'), keyed('queue'), keyed('queue', { priority: 5 })];
        await createRuns(first);
        await createRuns(second);
        await createRuns(third);
        expect(await claimIds()).toEqual([first.id]);
        const result = await store.append([write(first, 1, [], end())]);
        expect(result.woken).toEqual([third.id]);
        expect(await claimIds()).toEqual([third.id]);
      });

      it('names the holders when it rejects', async () => {
        const holder = keyed('reject');
        await createRuns(holder);
        expect((await createRuns(keyed('reject')))[0]).toEqual({ outcome: 'rejected', holders: [holder.id] });
      });

      it.each(['queue', 'cancel_running', 'reject'] as const)(
        'gives back the run that was asked for before, though it fills the key: %s',
        async (onConflict) => {
          const parent = await leased();
          const place = { parentRunId: parent.id, parentStep: 'sub/child' };
          const child = keyed(onConflict, place);
          await createRuns(child);
          expect(await createRuns(keyed(onConflict, place))).toEqual([{ outcome: 'exists', runId: child.id }]);
          expect(await createRuns(child)).toEqual([{ outcome: 'exists', runId: child.id }]);
          expect(await claimIds()).toEqual([child.id]);
        },
      );

      it('names who has to make room for cancel_running', async () => {
        const holder = keyed('cancel_running');
        await createRuns(holder);
        expect((await createRuns(keyed('cancel_running')))[0]).toMatchObject({ outcome: 'created', cancelled: [holder.id] });
      });

      it('cancels who has to make room in the same step, and leaves a run of another time out of it', async () => {
        const [holder, later] = [keyed('cancel_running'), keyed('cancel_running', { runAt: Date.now() + 3_600_000 })];
        await createRuns(holder);
        expect((await createRuns(later))[0]).toEqual({ outcome: 'created', leased: false });
        expect(await store.loadArrivals({ runId: holder.id, childIds: [], signals: false })).toMatchObject({ cancel: null });
        const newcomer = keyed('cancel_running');
        await createRuns(newcomer);
        const { cancel } = await store.loadArrivals({ runId: holder.id, childIds: [], signals: false });
        expect(cancel).toEqual({ reason: `replaced by run ${newcomer.id}` });
        expect(await store.loadArrivals({ runId: later.id, childIds: [], signals: false })).toMatchObject({ cancel: null });
      });

      it('leaves its slot to a run that is being cancelled until it is over', async () => {
        const [leaving, successor, latest] = [keyed('cancel_running'), keyed('cancel_running'), keyed('cancel_running')];
        await createRuns(leaving);
        expect(await claimIds()).toEqual([leaving.id]);
        await createRuns(successor);
        await store.requestCancel({ runId: leaving.id, tenant, reason: null });
        expect((await createRuns(keyed('reject')))[0]).toEqual({ outcome: 'rejected', holders: [leaving.id] });
        expect((await createRuns(latest))[0]).toMatchObject({ outcome: 'created', leased: false, cancelled: [successor.id] });
        await store.requestCancel({ runId: successor.id, tenant, reason: null });
        expect(await claimIds()).toEqual([successor.id]);
        await store.append([write(successor, 1, [], end('cancelled'))]);
        expect(await claimIds()).toEqual([]);
        await store.append([write(leaving, 1, [], end('cancelled'))]);
        expect(await claimIds()).toEqual([latest.id]);
      });

      it('does not hold a key of one tenant against another', async () => {
        await createRuns(keyed('reject'));
        expect((await createRuns(keyed('reject', { tenant: `${tenant}-other` })))[0]).toMatchObject({ outcome: 'created' });
      });

      it('never admits more than the limit when many are created at once', async () => {
        const runs = Array.from({ length: 12 }, () => newRun({ concurrency: { key: 'crowd', limit: 3, onConflict: 'queue' } }));
        await Promise.all(runs.map((run) => createRuns(run)));
        expect(await claimIds()).toHaveLength(3);
      });
    });

    describe('writing', () => {
      it('appends rows of many runs and reads them back as they were', async () => {
        const [a, b] = [await leased(), await leased()];
        const rowA = entry(a.id, a.first, 'step.completed', { step: 'x', span: 2, attempt: 1, data: { output: 'ä\u0000"\\' } });
        const rowB = entry(b.id, b.first, 'step.started', { step: 'y', attempt: 1 });
        const result = await store.append([write(a, 1, [rowA]), write(b, 1, [rowB])]);
        expect(result).toMatchObject({ lost: new Set(), failed: new Map(), woken: [] });
        expect(await journalOf(a)).toEqual([a.first, rowA]);
        expect(await journalOf(b)).toEqual([b.first, rowB]);
      });

      it('refuses a stale epoch, and only that run', async () => {
        const [stale, good] = [await leased(), await leased()];
        const row = entry(stale.id, stale.first, 'step.started', { step: 'x', attempt: 1 });
        const goodRow = entry(good.id, good.first, 'step.started', { step: 'x', attempt: 1 });
        const result = await store.append([write(stale, 7, [row]), write(good, 1, [goodRow])]);
        expect(result.lost).toEqual(new Set([stale.id]));
        expect(await journalOf(stale)).toEqual([stale.first]);
        expect(await journalOf(good)).toEqual([good.first, goodRow]);
      });

      it('fails a faulty run alone', async () => {
        const [bad, good] = [await leased(), await leased()];
        const clash = { ...entry(bad.id, bad.first, 'step.started', { step: 'x' }), seq: bad.first.seq };
        const row = entry(good.id, good.first, 'step.started', { step: 'x' });
        const result = await store.append([write(bad, 1, [clash]), write(good, 1, [row])]);
        expect([...result.failed.keys()]).toEqual([bad.id]);
        expect(await journalOf(good)).toEqual([good.first, row]);
      });

      it('ends a run once', async () => {
        const run = await leased();
        expect((await store.append([write(run, 1, [], end('success'))])).lost.size).toBe(0);
        expect((await store.append([write(run, 1, [], end('failed'))])).lost).toEqual(new Set([run.id]));
        expect(await store.requestCancel({ runId: run.id, tenant, reason: null })).toEqual({ outcome: 'terminal', status: 'success' });
      });

      it('finds what was committed by the hash of its last row', async () => {
        const [done, other] = [await leased(), await leased()];
        const row = entry(done.id, done.first, 'step.started', { step: 'x' });
        await store.append([write(done, 1, [row])]);
        const otherRow = entry(other.id, other.first, 'step.started', { step: 'x' });
        expect(await store.findCommitted([write(done, 1, [row]), write(other, 1, [otherRow])])).toEqual(new Set([done.id]));
        expect(await store.findCommitted([write(done, 1, [{ ...row, hash: GENESIS_HASH }])])).toEqual(new Set());
      });
    });

    describe('parking and waking', () => {
      it('parks, and is claimable again when its time comes', async () => {
        const run = await leased();
        await store.append([write(run, 1, [], { kind: 'park', wakeInMs: 0, wakes: 0 })]);
        expect(await store.claimRuns({ ...LEASE, limit: 10 })).toEqual([]);
        await store.sweep();
        const [claimed] = await store.claimRuns({ ...LEASE, limit: 10 });
        expect(claimed).toMatchObject({ id: run.id, epoch: 2 });
      });

      it('refuses to sleep through a wake-up that came before the park', async () => {
        const run = await leased();
        await store.sendSignal({ runId: run.id, tenant, name: 'go', payload: { n: 1 } });
        const result = await store.append([write(run, 1, [], { kind: 'park', wakeInMs: null, wakes: 0 })]);
        expect(result.woken).toEqual([run.id]);
        expect((await store.claimRuns({ ...LEASE, limit: 10 })).map(({ id }) => id)).toEqual([run.id]);
        const arrivals = await store.loadArrivals({ runId: run.id, childIds: [], signals: true });
        expect(arrivals).toMatchObject({ wakes: 1, signals: [{ name: 'go', payload: { n: 1 } }] });
      });

      it('wakes a parked run with a signal', async () => {
        const run = await leased();
        await store.append([write(run, 1, [], { kind: 'park', wakeInMs: null, wakes: 0 })]);
        expect(await store.sendSignal({ runId: run.id, tenant, name: 'go', payload: null })).toBe(true);
        expect((await store.claimRuns({ ...LEASE, limit: 10 })).map(({ id }) => id)).toEqual([run.id]);
      });

      it('wakes the parent together with the end of its child', async () => {
        const parent = await leased();
        const child = await leased({ parentRunId: parent.id, parentStep: 's/child' });
        await store.append([write(parent, 1, [], { kind: 'park', wakeInMs: null, wakes: 0 })]);
        const completed = entry(child.id, child.first, 'run.completed', { data: { outputs: { ok: true } } });
        const result = await store.append([write(child, 1, [completed], end())]);
        expect(result.woken).toEqual([parent.id]);
        expect((await store.claimRuns({ ...LEASE, limit: 10 })).map(({ id }) => id)).toEqual([parent.id]);
        const { children } = await store.loadArrivals({ runId: parent.id, childIds: [child.id], signals: false });
        expect(children).toEqual([{ runId: child.id, status: 'success', outputs: { ok: true }, error: null }]);
      });

      it('does not lose the wake-up when parent and child meet in one write', async () => {
        const parent = await leased();
        const child = await leased({ parentRunId: parent.id, parentStep: 's/child' });
        await store.append([write(child, 1, [], end()), write(parent, 1, [], { kind: 'park', wakeInMs: null, wakes: 0 })]);
        expect((await store.claimRuns({ ...LEASE, limit: 10 })).map(({ id }) => id)).toEqual([parent.id]);
      });

      it('gives a released lease to the next claimer', async () => {
        const run = await leased();
        await store.append([write(run, 1, [], { kind: 'release' })]);
        const [claimed] = await store.claimRuns({ owner: 'worker-b', leaseMs: 1_000, limit: 10 });
        expect(claimed).toMatchObject({ id: run.id, epoch: 2 });
      });
    });

    describe('leases', () => {
      it('claims by priority, then age', async () => {
        const [low, high, alsoLow] = [newRun(), newRun({ priority: 9 }), newRun()];
        await createRuns(low);
        await createRuns(high);
        await createRuns(alsoLow);
        const [first] = await store.claimRuns({ ...LEASE, limit: 1 });
        expect(first?.id).toBe(high.id);
      });

      it('never gives one run to two claimers', async () => {
        await createRuns(...Array.from({ length: 30 }, () => newRun()));
        const batches = await Promise.all(
          Array.from({ length: 6 }, (_, index) => store.claimRuns({ owner: `w${index}`, leaseMs: 60_000, limit: 10 })),
        );
        const ids = batches.flat().map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
      });

      it('hands an expired lease on and refuses its former owner', async () => {
        const run = newRun({ claim: true });
        await store.createRuns({ runs: [run], owner: 'dead', leaseMs: -1 });
        await store.sweep();
        const [claimed] = await store.claimRuns({ ...LEASE, limit: 10 });
        expect(claimed).toMatchObject({ id: run.id, epoch: 2 });
        expect(await store.heartbeat({ owner: 'dead', leaseMs: 1_000, leases: [{ runId: run.id, epoch: 1 }] })).toMatchObject({
          lost: [run.id],
        });
        const row = entry(run.id, run.first, 'step.started', { step: 'x' });
        expect((await store.append([write(run, 1, [row])])).lost).toEqual(new Set([run.id]));
      });

      it('tells with the heartbeat what the owner may not know', async () => {
        const [cancelled, signalled, quiet] = [await leased(), await leased(), await leased()];
        await store.requestCancel({ runId: cancelled.id, tenant, reason: 'why' });
        await store.sendSignal({ runId: signalled.id, tenant, name: 'x', payload: 1 });
        const leases = [cancelled, signalled, quiet].map((run) => ({ runId: run.id, epoch: 1 }));
        const { lost, changed } = await store.heartbeat({ ...LEASE, leases });
        expect(lost).toEqual([]);
        expect(changed.find(({ runId }) => runId === cancelled.id)).toMatchObject({ cancel: { reason: 'why' } });
        expect(changed.find(({ runId }) => runId === signalled.id)).toMatchObject({ wakes: 1, cancel: null });
        expect(changed.find(({ runId }) => runId === quiet.id)).toBeUndefined();
      });
    });

    describe('cancelling', () => {
      it('is accepted once with its first reason, by the run of the tenant only', async () => {
        const run = await leased();
        expect(await store.requestCancel({ runId: run.id, tenant: 'someone-else', reason: null })).toEqual({ outcome: 'not_found' });
        expect(await store.requestCancel({ runId: run.id, tenant, reason: 'first' })).toEqual({ outcome: 'accepted', owner: LEASE.owner });
        await store.requestCancel({ runId: run.id, tenant, reason: 'second' });
        expect(await store.loadArrivals({ runId: run.id, childIds: [], signals: false })).toMatchObject({ cancel: { reason: 'first' } });
      });

      it('makes a parked run claimable by whoever finishes the cancel', async () => {
        const run = await leased();
        await store.append([write(run, 1, [], { kind: 'park', wakeInMs: null, wakes: 0 })]);
        expect(await store.requestCancel({ runId: run.id, tenant, reason: null })).toEqual({ outcome: 'accepted', owner: null });
        expect(await store.claimRun({ runId: run.id, ...LEASE })).toMatchObject({ id: run.id, epoch: 2, cancel: { reason: null } });
        expect(await store.claimRun({ runId: run.id, ...LEASE })).toBeNull();
      });

      it('comes before an end that was on its way', async () => {
        const run = await leased();
        await store.requestCancel({ runId: run.id, tenant, reason: null });
        const completed = entry(run.id, run.first, 'run.completed', { data: { outputs: null } });
        const refused = await store.append([write(run, 1, [completed], end('success'))]);
        expect(refused.cancelFirst).toEqual(new Set([run.id]));
        expect(await journalOf(run)).toEqual([run.first]);
        const cancelled = entry(run.id, run.first, 'run.cancelled', {});
        expect((await store.append([write(run, 1, [cancelled], end('cancelled'))])).lost.size).toBe(0);
      });

      it('does not start a pending run in order to cancel it', async () => {
        const run = newRun();
        await createRuns(run);
        await store.requestCancel({ runId: run.id, tenant, reason: null });
        expect(await store.claimRun({ runId: run.id, ...LEASE })).toMatchObject({ startedAt: null });
      });
    });
  });
}
