import { afterEach, describe, expect, it } from 'vitest';
import type { NodeDefinition } from '../model/definition.js';
import type { AppendResult, JournalWrite } from '../ports/run-store.js';
import { StepError } from '../model/step-error.js';
import { EngineHarness } from '../testing/engine-harness.js';
import { MemoryRunStore } from '../testing/memory-run-store.js';

const open: EngineHarness[] = [];
const start = (...args: ConstructorParameters<typeof EngineHarness>): EngineHarness => {
  const harness = new EngineHarness(...args);
  open.push(harness);
  harness.engine.start();
  return harness;
};
afterEach(() => {
  for (const { engine } of open.splice(0)) engine.kill();
});

const node = (id: string, fields: Partial<NodeDefinition> = {}): NodeDefinition => ({ id, type: 't.do', ...fields });
/** No look at the clock helps within a test: what goes on must have been pushed. */
const PUSH_ONLY = { pollMs: 600_000, leaseMs: 600_000 };
const tenant = 'default';

/** Lets a test act just before or just after a write reaches the store. */
class WatchedStore extends MemoryRunStore {
  before: (writes: readonly JournalWrite[]) => Promise<void> | void = () => undefined;
  after: (writes: readonly JournalWrite[]) => Promise<void> | void = () => undefined;
  refuses: (write: JournalWrite) => boolean = () => false;

  override async append(writes: readonly JournalWrite[]): Promise<AppendResult> {
    await this.before(writes);
    const refused = writes.filter((write) => this.refuses(write));
    const result = await super.append(writes.filter((write) => !refused.includes(write)));
    await this.after(writes);
    return { ...result, failed: new Map([...result.failed, ...refused.map((write) => [write.runId, new Error('refused')] as const)]) };
  }
}

const parks = (writes: readonly JournalWrite[]): boolean => writes.some(({ transition }) => transition?.kind === 'park');

describe('a wake-up and a park at once', () => {
  for (const moment of ['before', 'after'] as const) {
    it(`a signal committed just ${moment} the park is taken up without a poll`, async () => {
      const store = new WatchedStore();
      const t = start(store, { ...PUSH_ONLY, parkAfterMs: 0 });
      const definition = t.define([node('a', { type: 't.signal', config: { name: 'go' } })], { outputs: '{{ nodes.a.output }}' });
      let sent = false;
      store[moment] = async (writes) => {
        if (!parks(writes) || sent) return;
        sent = true;
        await t.engine.signal({ tenant, runId: writes[0]?.runId ?? '', name: 'go', payload: 1 });
      };
      expect(await t.run(definition)).toMatchObject({ status: 'success', outputs: 1 });
    });

    it(`a cancel accepted just ${moment} the park ends the run without a poll`, async () => {
      const store = new WatchedStore();
      const t = start(store, { ...PUSH_ONLY, parkAfterMs: 0 });
      const definition = t.define([node('a', { type: 't.sleep', config: { ms: 3_600_000 } })]);
      let asked = false;
      store[moment] = async (writes) => {
        if (!parks(writes) || asked) return;
        asked = true;
        expect(await t.engine.cancel({ tenant, runId: writes[0]?.runId ?? '', reason: null })).toMatchObject({ status: 'cancelling' });
      };
      expect((await t.run(definition)).status).toBe('cancelled');
    });
  }

  it('a timer that comes due while the park is on its way starts nothing twice', async () => {
    const store = new WatchedStore();
    const t = start(store, { parkAfterMs: 0 });
    const definition = t.define([node('sleep', { type: 't.sleep', config: { ms: 30 } }), node('act', { needs: ['sleep'] })]);
    let late = false;
    store.before = async (writes) => {
      if (!parks(writes) || late) return;
      late = true;
      await new Promise((resolve) => setTimeout(resolve, 60));
    };
    expect((await t.run(definition)).status).toBe('success');
    expect(t.calls).toEqual(['act']);
  });

  it('a signal sent while the run slept for another reason is there when it is asked for', async () => {
    const t = start();
    const definition = t.define(
      [node('sleep', { type: 't.sleep', config: { ms: 60 } }), node('a', { type: 't.signal', needs: ['sleep'], config: { name: 'go' } })],
      { outputs: '{{ nodes.a.output }}' },
    );
    const id = await t.submit(definition);
    await t.until(id, (_, journal) => journal.at(-1)?.type === 'run.waiting');
    await t.engine.signal({ tenant, runId: id, name: 'go', payload: 'early' });
    expect(await t.ended(id)).toMatchObject({ status: 'success', outputs: 'early' });
  });
});

describe('a cancel asked of another process', () => {
  it('reaches a step that works, by the hint alone', async () => {
    const store = new MemoryRunStore();
    const [worker, api] = [start(store, PUSH_ONLY), start(store, { executes: false })];
    worker.behaviours.set(
      'hang',
      (call) => new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason))),
    );
    const id = await worker.submit(worker.define([node('a', { config: { do: 'hang' } })]));
    await worker.until(id, (history) => history.openSteps().length === 1);
    await api.engine.cancel({ tenant, runId: id, reason: null });
    worker.engine.hintWake([id]);
    expect((await worker.ended(id)).status).toBe('cancelled');
  });

  it('reaches a child that was just being created', async () => {
    const store = new MemoryRunStore();
    const t = start(store);
    const child = t.define([node('x', { type: 't.sleep', config: { ms: 3_600_000 } })], { name: 'test/late-child' });
    const create = store.createRuns.bind(store);
    let childId = '';
    store.createRuns = async (params) => {
      const outcomes = await create(params);
      const [run] = params.runs;
      if (run?.versionId === child.versionId) {
        childId = run.id;
        await t.engine.cancel({ tenant, runId: run.parentRunId ?? '', reason: null });
      }
      return outcomes;
    };
    const run = await t.run(t.define([node('sub', { type: 't.child', config: { workflow: 'test/late-child' } })]));
    expect(run.status).toBe('cancelled');
    expect((await t.ended(childId)).status).toBe('cancelled');
  });
});

describe('a process that dies while it creates a child', () => {
  it('leaves the child to whoever takes the run over', async () => {
    const store = new MemoryRunStore();
    const [a, b] = [new EngineHarness(store, { leaseMs: 60 }), new EngineHarness(store)];
    open.push(b);
    a.engine.start();
    const child = a.define([node('x')], { name: 'test/orphan' });
    const definition = a.define([node('sub', { type: 't.child', config: { workflow: 'test/orphan' } })]);
    for (const each of [child, definition]) b.adopt(each);
    const create = store.createRuns.bind(store);
    store.createRuns = async (params) => {
      const outcomes = await create(params);
      if (params.runs[0]?.versionId === child.versionId) a.engine.kill();
      return outcomes;
    };
    const id = await a.submit(definition);
    b.engine.start();
    expect((await b.ended(id)).status).toBe('success');
  });
});

describe('a run that fails', () => {
  it('cancels the child that another branch waits for', async () => {
    const t = start();
    t.define([node('x', { type: 't.sleep', config: { ms: 3_600_000 } })], { name: 'test/slow' });
    let fail!: () => void;
    t.behaviours.set(
      'fail-later',
      () => new Promise((_, reject) => (fail = () => reject(new StepError('boom', 'boom', { retryable: false })))),
    );
    const id = await t.submit(
      t.define([node('sub', { type: 't.child', config: { workflow: 'test/slow' } }), node('bad', { config: { do: 'fail-later' } })]),
    );
    const journal = await t.until(id, (history) => history.openChildren().length === 1);
    const wait = journal.find((row) => row.type === 'step.waiting');
    fail();
    expect((await t.ended(id)).status).toBe('failed');
    expect((await t.ended((JSON.parse(wait?.data ?? '{}') as { wait: { run_id: string } }).wait.run_id)).status).toBe('cancelled');
  });

  it('fails with the same error when its process dies while the other branches stop', async () => {
    const store = new MemoryRunStore();
    const [a, b] = [new EngineHarness(store, { leaseMs: 60, stopGraceMs: 60_000 }), new EngineHarness(store)];
    open.push(b);
    a.engine.start();
    let fail!: () => void;
    a.behaviours.set(
      'fail-later',
      () => new Promise((_, reject) => (fail = () => reject(new StepError('boom', 'boom', { retryable: false })))),
    );
    a.behaviours.set(
      'stops',
      (call) => new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason))),
    );
    a.behaviours.set('deaf', () => new Promise<never>(() => undefined));
    const definition = a.define(
      [
        node('stops', { config: { do: 'stops' } }),
        node('deaf', { config: { do: 'deaf' } }),
        node('quick'),
        node('bad', { needs: ['quick'], config: { do: 'fail-later' } }),
        node('never', { config: { do: 'nothing' } }),
      ],
      { settings: { max_parallel_nodes: 3 } },
    );
    b.adopt(definition);
    const id = await a.submit(definition);
    await a.until(id, (history) => history.steps.get('bad')?.status === 'open');
    fail();
    await a.until(id, (history) => history.steps.get('stops')?.status === 'cancelled');
    a.engine.kill();
    b.engine.start();
    const run = await b.ended(id);
    expect(run.status).toBe('failed');
    expect(run.events.at(-1)?.data).toMatchObject({ error: { code: 'boom', step: 'bad' } });
    expect(b.calls).toEqual([]);
    expect(run.history.openSteps()).toEqual([]);
  });

  it('starts its child anew with the next run attempt', async () => {
    const t = start();
    let failures = 1;
    t.behaviours.set('flaky', () => {
      if (failures-- > 0) throw new StepError('flaky', 'again', { retryable: false });
      return 'ok';
    });
    t.define([node('x', { config: { do: 'flaky' } })], { name: 'test/flaky-child', outputs: '{{ nodes.x.output }}' });
    const parent = t.define([node('sub', { type: 't.child', config: { workflow: 'test/flaky-child' } })], {
      outputs: '{{ nodes.sub.output }}',
      settings: { on_error: 'retry_run', retry: { max_attempts: 2, backoff: 'constant', initial_delay_ms: 1 } },
    });
    expect(await t.run(parent)).toMatchObject({ status: 'success', outputs: 'ok' });
  });
});

describe('a fan-out whose fallback cannot be evaluated', () => {
  it('fails the run, and nothing is journaled after its end', async () => {
    const t = start();
    t.behaviours.set('even-fails', async (call) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (Number(call.config['v']) % 2 === 0) throw new StepError('even', 'even', { retryable: false });
      return call.config['v'] as number;
    });
    const definition = t.define([
      node('each', {
        for_each: { items: [1, 2, 3, 4, 5], max_parallel: 2 },
        config: { do: 'even-fails', v: '{{ item }}' },
        on_error: { output: '{{ inputs.missing.deep }}' },
      }),
    ]);
    const run = await t.run(definition);
    expect(run.status).toBe('failed');
    expect(run.events.at(-1)?.data).toMatchObject({ error: { code: 'expression_error', step: 'each' } });
    expect(run.history.steps.get('each')?.status).toBe('failed');
  });
});

describe('a result the store refuses', () => {
  it('ends its run as failed, though the end was already on its way', async () => {
    const store = new WatchedStore();
    store.refuses = ({ entries }) => entries.some(({ data }) => data.includes('poison'));
    let release!: () => void;
    const later = new Promise<void>((resolve) => (release = resolve));
    const t = start(store);
    store.before = async (writes) => {
      // The pure chain runs on while its first result is being written.
      if (writes.some(({ entries }) => entries.some(({ data }) => data.includes('poison')))) await later;
    };
    t.behaviours.set('last', () => {
      setTimeout(release, 5);
      return 'fine';
    });
    t.behaviours.set('slow', async () => {
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      return 'poison';
    });
    t.behaviours.set('wait', () => new Promise((resolve) => setTimeout(() => resolve('x'), 2)));
    const definition = t.define([
      node('bad', { type: 't.pure', config: { do: 'slow' } }),
      node('slack', { type: 't.pure', needs: ['bad'], config: { do: 'wait' } }),
      node('good', { type: 't.pure', needs: ['slack'], config: { do: 'last' } }),
    ]);
    const run = await t.run(definition);
    expect(run.status).toBe('failed');
    expect(run.events.at(-1)?.data).toMatchObject({ error: { code: 'result_not_storable' } });
    expect(await store.requestCancel({ tenant, runId: run.id, reason: null })).toEqual({ outcome: 'terminal', status: 'failed' });
  });
});
