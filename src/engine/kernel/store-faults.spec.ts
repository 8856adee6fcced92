import { afterEach, describe, expect, it } from 'vitest';
import type { NodeDefinition } from '../model/definition.js';
import { StoreUnavailableError, type AppendResult, type JournalWrite } from '../ports/run-store.js';
import { EngineHarness } from '../testing/engine-harness.js';
import { MemoryRunStore } from '../testing/memory-run-store.js';

const open: EngineHarness[] = [];
const start = (store: MemoryRunStore): EngineHarness => {
  const harness = new EngineHarness(store, { pollMs: 600_000, leaseMs: 600_000 });
  open.push(harness);
  harness.engine.start();
  return harness;
};
afterEach(() => {
  for (const { engine } of open.splice(0)) engine.kill();
});

const node = (id: string, fields: Partial<NodeDefinition> = {}): NodeDefinition => ({ id, type: 't.do', ...fields });
const away = (): StoreUnavailableError => new StoreUnavailableError('away');

describe('a write the store refuses', () => {
  it('ends the run although the next step only waits for it to be durable', async () => {
    class RefusingStore extends MemoryRunStore {
      override async append(writes: readonly JournalWrite[]): Promise<AppendResult> {
        const refused = writes.filter(({ entries }) => entries.some(({ data }) => data.includes('poison')));
        const result = await super.append(writes.filter((write) => !refused.includes(write)));
        return { ...result, failed: new Map(refused.map((write) => [write.runId, new Error('refused')])) };
      }
    }
    const t = start(new RefusingStore());
    t.behaviours.set('bad', () => 'poison');
    const run = await t.run(t.define([node('bad', { config: { do: 'bad' } }), node('next', { needs: ['bad'] })]));
    expect(run.status).toBe('failed');
    expect(run.events.at(-1)?.data).toMatchObject({ error: { code: 'result_not_storable' } });
    expect(t.calls).toEqual(['bad']);
  });
});

describe('a write whose answer is lost', () => {
  /** The lost statement is still under way when it is looked for, and is committed before the repeated one. */
  class LateStore extends MemoryRunStore {
    private readonly late = new Map<string, readonly JournalWrite[]>();
    private readonly lost = new Set<string>();

    constructor(private readonly loses: (write: JournalWrite) => boolean) {
      super();
    }

    override async append(writes: readonly JournalWrite[]): Promise<AppendResult> {
      const key = writes.flatMap(({ entries }) => entries.map(({ hash }) => hash.toString('hex'))).join();
      const pending = this.late.get(key);
      if (pending !== undefined) {
        this.late.delete(key);
        await super.append(pending);
        const ended = writes.filter(({ transition }) => transition !== null).map(({ runId }) => runId);
        const duplicates = writes.filter(({ runId }) => !ended.includes(runId));
        return {
          ...(await super.append([])),
          lost: new Set(ended),
          failed: new Map(duplicates.map(({ runId }) => [runId, new Error('duplicate')])),
        };
      }
      if (writes.some((write) => this.loses(write)) && !this.lost.has(key)) {
        this.lost.add(key);
        this.late.set(key, writes);
        throw away();
      }
      return super.append(writes);
    }
  }

  it.each<[string, (write: JournalWrite) => boolean]>([
    ['rows of steps', ({ transition }) => transition === null],
    ['the end', ({ transition }) => transition?.kind === 'end'],
    ['a park', ({ transition }) => transition?.kind === 'park'],
  ])('is not taken for refused when it was committed behind our back: %s', async (_what, loses) => {
    const t = start(new LateStore(loses));
    const ended: string[] = [];
    t.engine.onEnded((runId) => ended.push(runId));
    const definition = t.define([
      node('a'),
      node('b', { needs: ['a'] }),
      node('nap', { type: 't.sleep', needs: ['b'], config: { ms: 60 } }),
      node('c', { needs: ['nap'] }),
    ]);
    const run = await t.run(definition);
    expect(run.status).toBe('success');
    expect(t.calls).toEqual(['a', 'b', 'c']);
    expect(ended).toEqual([run.id]);
  });
});

describe('a child run', () => {
  it('is started once the store is there again', async () => {
    const store = new MemoryRunStore();
    const t = start(store);
    t.define([node('x')], { name: 'test/child' });
    const parent = t.define([node('sub', { type: 't.child', config: { workflow: 'test/child' } })]);
    const create = store.createRuns.bind(store);
    let faults = 2;
    store.createRuns = async (params) => {
      if (params.runs.some((run) => run.parentRunId !== null) && faults-- > 0) throw away();
      return create(params);
    };
    expect((await t.run(parent)).status).toBe('success');
    expect(faults).toBe(-1);
  });

  it('is not slept through when the store was away as its parent looked for it', async () => {
    const store = new MemoryRunStore();
    const t = start(store);
    let finish!: () => void;
    t.behaviours.set('late', () => new Promise((resolve) => (finish = () => resolve('done'))));
    t.define([node('x', { config: { do: 'late' } })], { name: 'test/child', outputs: '{{ nodes.x.output }}' });
    const parent = t.define([node('sub', { type: 't.child', config: { workflow: 'test/child' } })], { outputs: '{{ nodes.sub.output }}' });
    const id = await t.submit(parent);
    await t.until(id, (_, journal) => journal.at(-1)?.type === 'run.waiting');
    const load = store.loadArrivals.bind(store);
    let faults = 2;
    store.loadArrivals = async (params) => {
      if (params.runId === id && faults-- > 0) throw away();
      return load(params);
    };
    finish();
    expect(await t.ended(id)).toMatchObject({ status: 'success', outputs: 'done' });
    expect(faults).toBeLessThan(0);
  });
});
