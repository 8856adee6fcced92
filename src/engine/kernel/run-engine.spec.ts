import { afterEach, describe, expect, it } from 'vitest';
import { findBrokenLink } from '../journal/hash-chain.js';
import type { NodeDefinition } from '../model/definition.js';
import type { RunEvent } from '../model/run-event.js';
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
afterEach(async () => {
  for (const { engine } of open.splice(0)) engine.kill();
});

const node = (id: string, fields: Partial<NodeDefinition> = {}): NodeDefinition => ({ id, type: 't.do', ...fields });
const types = (events: RunEvent[], step?: string): string[] => events.filter((event) => event.step === step).map((event) => event.type);
const gate = (): { promise: Promise<void>; open: () => void } => {
  let open!: () => void;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
};

describe('a run', () => {
  it('executes a chain and gives its outputs, over a gap-free, chained journal', async () => {
    const t = start();
    const definition = t.define(
      [node('a', { config: { n: '{{ inputs.n + 1 }}' } }), node('b', { needs: ['a'], config: { n: '{{ nodes.a.output.n * 2 }}' } })],
      {
        outputs: '{{ nodes.b.output.n }}',
      },
    );
    const run = await t.run(definition, { n: 1 });
    expect(run).toMatchObject({ status: 'success', outputs: 4 });
    expect(run.events.map((event) => event.seq)).toEqual(run.events.map((_, index) => index + 1));
    expect(run.events.map((event) => event.type).join(' ')).toBe(
      'run.created run.started step.started step.completed step.started step.completed run.completed',
    );
    const journal = (await t.store.loadJournals([run.id])).get(run.id) ?? [];
    expect(findBrokenLink(journal)).toBeNull();
    expect(findBrokenLink(journal.map((row) => (row.step === 'a' ? { ...row, data: '{"output":{"n":3}}' } : row)))).not.toBeNull();
  });

  it('publishes rows only after they are committed', async () => {
    const t = start();
    const seen: string[] = [];
    let committed = true;
    t.engine.onCommitted(async (rows) => {
      for (const row of rows) seen.push(row.type);
      const stored = (await t.store.loadJournals([rows[0]?.runId ?? ''])).get(rows[0]?.runId ?? '') ?? [];
      committed &&= rows.every((row) => stored.some((known) => known.seq === row.seq));
    });
    await t.run(t.define([node('a')]));
    expect(seen).toEqual(['run.started', 'step.completed', 'run.completed']);
    expect(committed).toBe(true);
  });

  it('fails with the step that failed it', async () => {
    const t = start();
    const run = await t.run(t.define([node('a', { type: 't.fail', config: { code: 'nope' } }), node('b', { needs: ['a'] })]));
    expect(run.status).toBe('failed');
    expect(run.events.at(-1)?.data).toMatchObject({ error: { code: 'nope', step: 'a' } });
    expect(t.calls).toEqual(['a']);
  });

  it('stops what else is running when a step fails it', async () => {
    const t = start();
    const stopped = gate();
    t.behaviours.set('hang', async (call) => {
      await new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)));
      return null;
    });
    t.behaviours.set('late-failure', async () => {
      await stopped.promise;
      throw new StepError('bad', 'bad', { retryable: false });
    });
    const definition = t.define([node('slow', { config: { do: 'hang' } }), node('bad', { config: { do: 'late-failure' } })]);
    const id = await t.submit(definition);
    await t.until(id, (history) => history.openSteps().length === 2);
    stopped.open();
    const run = await t.ended(id);
    expect(run.status).toBe('failed');
    expect(run.history.steps.get('slow')?.status).toBe('cancelled');
  });

  it('ends as failed when its outputs cannot be evaluated', async () => {
    const t = start();
    const run = await t.run(t.define([node('a')], { outputs: '{{ nodes.a.output.missing.deep }}' }));
    expect(run.status).toBe('failed');
    expect(run.events.at(-1)?.data).toMatchObject({ error: { code: 'expression_error' } });
  });

  it('exceeds its time limit as failed, also while parked', async () => {
    const t = start();
    const run = await t.run(t.define([node('a', { type: 't.sleep', config: { ms: 60_000 } })]), {}, { timeoutMs: 40 });
    expect(run.status).toBe('failed');
    expect(run.events.at(-1)?.data).toMatchObject({ error: { code: 'run_timeout' } });
    expect(run.history.steps.get('a')?.status).toBe('cancelled');
  });

  it('tells the failure of a step that waited like any other: one start, no secret', async () => {
    const t = start();
    const run = await t.run(t.define([{ id: 'a', type: 't.child', config: { workflow: 'no/{{ secrets.TOKEN }}' } }]));
    expect(types(run.events, 'a')).toEqual(['step.started', 'step.failed']);
    expect(JSON.stringify(run.events)).not.toContain('s3cr3t');
  });

  it('never journals a secret, neither as input, output, log nor error', async () => {
    const t = start();
    t.behaviours.set('leak', (call) => {
      call.log('info', `using ${String(call.config['token'])}`);
      return { echoed: `Bearer ${String(call.config['token'])}` };
    });
    const definition = t.define([node('a', { config: { do: 'leak', token: '{{ secrets.TOKEN }}' } })]);
    const run = await t.run(definition);
    expect(run.status).toBe('success');
    expect(JSON.stringify(run.events)).not.toContain('s3cr3t');
    expect(run.history.steps.get('a')?.output).toEqual({ echoed: 'Bearer ***' });
  });
});

describe('retries', () => {
  it('tries again as the policy says, one idempotency key for all attempts', async () => {
    const t = start();
    const keys: string[] = [];
    t.behaviours.set('flaky', (call) => {
      keys.push(call.idempotencyKey);
      if (call.attempt < 3) throw new StepError('flaky', 'again');
      return call.attempt;
    });
    const definition = t.define([
      node('a', { config: { do: 'flaky' }, retry: { max_attempts: 3, backoff: 'constant', initial_delay_ms: 1 } }),
    ]);
    const run = await t.run(definition);
    expect(run.status).toBe('success');
    expect(types(run.events, 'a').filter((type) => type !== 'step.started')).toEqual(['step.retrying', 'step.retrying', 'step.completed']);
    expect(new Set(keys)).toEqual(new Set([`${run.id}/a/1`]));
  });

  it('does not try a terminal failure again', async () => {
    const t = start();
    const definition = t.define([
      node('a', { type: 't.fail', config: { retryable: false }, retry: { max_attempts: 5, initial_delay_ms: 1 } }),
    ]);
    expect((await t.run(definition)).status).toBe('failed');
    expect(t.calls).toEqual(['a']);
  });

  it('times an attempt out and aborts its signal', async () => {
    const t = start();
    let aborted = false;
    t.behaviours.set('hang', async (call) => {
      await new Promise((resolve) => call.signal.addEventListener('abort', () => resolve((aborted = true))));
      return null;
    });
    const run = await t.run(t.define([node('a', { config: { do: 'hang' }, timeout_ms: 20 })]));
    expect(run.events.at(-1)?.data).toMatchObject({ error: { code: 'timeout', step: 'a' } });
    expect(aborted).toBe(true);
  });

  it('runs the whole graph again with retry_run, keeping what succeeded', async () => {
    const t = start();
    let failures = 2;
    t.behaviours.set('flaky', () => {
      if (failures-- > 0) throw new StepError('flaky', 'again', { retryable: false });
      return 'ok';
    });
    const definition = t.define([node('first'), node('second', { needs: ['first'], config: { do: 'flaky' } })], {
      settings: { on_error: 'retry_run', retry: { max_attempts: 3, backoff: 'constant', initial_delay_ms: 1 } },
    });
    const run = await t.run(definition);
    expect(run.status).toBe('success');
    expect(t.calls).toEqual(['first', 'second', 'second', 'second']);
    expect(run.history.runAttempt).toBe(3);
  });
});

describe('joins, conditions and fan-out', () => {
  it('skips along all_success, and joins any_success and all_done', async () => {
    const t = start();
    const definition = t.define([
      node('yes'),
      node('no', { when: '{{ 1 > 2 }}' }),
      node('all', { needs: ['yes', 'no'] }),
      node('any', { needs: ['yes', 'no'], join: 'any_success' }),
      node('done', { needs: ['all', 'no'], join: 'all_done' }),
      node('none', { needs: ['no'], join: 'any_success' }),
    ]);
    const run = await t.run(definition);
    const status = (id: string): string | undefined => run.history.steps.get(id)?.status;
    expect(['yes', 'no', 'all', 'any', 'done', 'none'].map(status)).toEqual([
      'success',
      'skipped',
      'skipped',
      'success',
      'success',
      'skipped',
    ]);
  });

  it('goes on past a tolerated failure, and past one that is replaced', async () => {
    const t = start();
    const definition = t.define(
      [
        node('bad', { type: 't.fail', on_error: 'continue' }),
        node('after', { needs: ['bad'], join: 'all_done', config: { code: '{{ nodes.bad.error.code }}' } }),
        node('replaced', { type: 't.fail', on_error: { output: { n: '{{ inputs.n }}' } } }),
        node('uses', { needs: ['replaced'], config: { n: '{{ nodes.replaced.output.n }}' } }),
      ],
      { outputs: { code: '{{ nodes.after.output.code }}', n: '{{ nodes.uses.output.n }}' } },
    );
    expect(await t.run(definition, { n: 7 })).toMatchObject({ status: 'success', outputs: { code: 'boom', n: 7 } });
  });

  it('tolerates every failure when the settings say so', async () => {
    const t = start();
    const definition = t.define([node('bad', { type: 't.fail' }), node('good')], {
      settings: { on_error: 'continue' },
      outputs: '{{ nodes.bad.status }}',
    });
    expect(await t.run(definition)).toMatchObject({ status: 'success', outputs: 'failed' });
  });

  it('fans out in order, within its parallelism', async () => {
    const t = start();
    let running = 0;
    let most = 0;
    t.behaviours.set('count', async (call) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return call.config['v'] as number;
    });
    const definition = t.define(
      [node('each', { for_each: { items: '{{ inputs.list }}', max_parallel: 3 }, config: { do: 'count', v: '{{ item * 10 + index }}' } })],
      { outputs: '{{ nodes.each.output }}' },
    );
    const list = [1, 2, 3, 4, 5, 6, 7];
    expect((await t.run(definition, { list })).outputs).toEqual(list.map((item, index) => item * 10 + index));
    expect(most).toBe(3);
    expect((await t.run(definition, { list: [] })).outputs).toEqual([]);
  });

  it('fails a fan-out with its item, or leaves a hole where that is tolerated', async () => {
    const t = start();
    t.behaviours.set('odd-only', (call) => {
      if (Number(call.config['v']) % 2 === 0) throw new StepError('even', 'even', { retryable: false });
      return call.config['v'] as number;
    });
    const each = { type: 't.do', for_each: { items: '{{ inputs.list }}' }, config: { do: 'odd-only', v: '{{ item }}' } };
    const strict = await t.run(t.define([node('each', each)]), { list: [1, 2, 3] });
    expect(strict.events.at(-1)?.data).toMatchObject({ error: { code: 'even', message: 'item 1: even', step: 'each' } });
    const lenient = t.define([node('each', { ...each, on_error: 'continue' })], { outputs: '{{ nodes.each.output }}' });
    expect((await t.run(lenient, { list: [1, 2, 3] })).outputs).toEqual([1, null, 3]);
  });

  it('keeps to max_parallel_nodes', async () => {
    const t = start();
    let running = 0;
    let most = 0;
    t.behaviours.set('count', async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return null;
    });
    const nodes = Array.from({ length: 12 }, (_, index) => node(`n${index}`, { config: { do: 'count' } }));
    await t.run(t.define(nodes, { settings: { max_parallel_nodes: 4 } }));
    expect(most).toBe(4);
  });
});

describe('waiting', () => {
  it('parks for a timer and goes on', async () => {
    const t = start();
    const run = await t.run(t.define([node('a', { type: 't.sleep', config: { ms: 50 } }), node('b', { needs: ['a'] })]));
    expect(run.status).toBe('success');
    expect(types(run.events)).toEqual(['run.created', 'run.started', 'run.waiting', 'run.resumed', 'run.completed']);
    expect(types(run.events, 'a')).toEqual(['step.started', 'step.waiting', 'step.completed']);
    expect(t.engine.held).toBe(0);
  });

  it.each([-60_000, 60_000])('parks once although the clock of the store is %i ms off', async (skew) => {
    const t = start(new MemoryRunStore(() => Date.now() + skew));
    const run = await t.run(t.define([node('a', { type: 't.sleep', config: { ms: 50 } })]));
    expect(run.events.filter((event) => event.type === 'run.waiting')).toHaveLength(1);
  });

  it('gives a child the limits of its own workflow', async () => {
    const t = start();
    t.define([node('x', { type: 't.sleep', config: { ms: 60_000 } })], { name: 'test/limited', settings: { timeout_ms: 20 } });
    const run = await t.run(t.define([node('sub', { type: 't.child', config: { workflow: 'test/limited' } })]));
    expect(run.events.at(-1)?.data).toMatchObject({ error: { code: 'child_failed' } });
  });

  it('gets a child’s outputs, and starts it once', async () => {
    const t = start();
    t.define([node('x', { config: { doubled: '{{ inputs.n * 2 }}' } })], { name: 'test/child', outputs: '{{ nodes.x.output.doubled }}' });
    const parent = t.define([node('sub', { type: 't.child', config: { workflow: 'test/child' }, inputs: { n: '{{ inputs.n }}' } })], {
      outputs: '{{ nodes.sub.output }}',
    });
    expect((await t.run(parent, { n: 21 })).outputs).toBe(42);
    expect(t.calls).toEqual(['x']);
  });

  it('takes a signal that came before the wait, and one that comes after the park', async () => {
    const t = start();
    const first = gate();
    t.behaviours.set('gate', async () => {
      await first.promise;
      return null;
    });
    const definition = t.define(
      [
        node('a', { config: { do: 'gate' } }),
        node('early', { type: 't.signal', needs: ['a'], config: { name: 'x' } }),
        node('late', { type: 't.signal', needs: ['early'], config: { name: 'x' } }),
      ],
      { outputs: ['{{ nodes.early.output }}', '{{ nodes.late.output }}'] },
    );
    const id = await t.submit(definition);
    await t.engine.signal({ tenant: 'default', runId: id, name: 'x', payload: 1 });
    first.open();
    await t.until(id, (_, journal) => journal.at(-1)?.type === 'run.waiting');
    await t.engine.signal({ tenant: 'default', runId: id, name: 'x', payload: 2 });
    expect((await t.ended(id)).outputs).toEqual([1, 2]);
  });

  it('runs what is inside a durable node once each, recorded', async () => {
    const t = start();
    t.behaviours.set('', (call) => call.path);
    const run = await t.run(t.define([node('agent', { type: 't.steps', config: { turns: 3 } })], { outputs: '{{ nodes.agent.output }}' }));
    expect(run.outputs).toEqual(['agent/turn-1', 'agent/turn-2', 'agent/turn-3']);
    expect(run.history.steps.get('agent/turn-2')?.status).toBe('success');
  });

  it('tells that a durable node began before what is inside of it is heard of', async () => {
    const t = start();
    t.behaviours.set('', (call) => {
      call.log('info', 'on it');
      return null;
    });
    const { events } = await t.run(t.define([node('agent', { type: 't.steps', config: { turns: 2 } })]));
    const told = events
      .filter(({ type, step }) => step !== undefined && type !== 'step.completed')
      .map(({ type, step }) => `${type} ${step}`);
    const turn = (path: string): string[] => [`step.started ${path}`, `step.output ${path}`];
    expect(told).toEqual(['step.started agent', ...turn('agent/turn-1'), ...turn('agent/turn-2')]);
  });

  it.each([
    [false, ['agent#2/turn-1', 'agent#2/turn-2', 'agent#2/turn-3'], 5],
    [true, ['agent/turn-1', 'agent#2/turn-2', 'agent#2/turn-3'], 4],
  ])('repeats a durable node; continued (%s), it keeps what an earlier attempt has recorded', async (continued, outputs, calls) => {
    const t = start();
    t.behaviours.set('', (call) => {
      if (call.path === 'agent/turn-2') throw new StepError('boom', 'once');
      return call.path;
    });
    const retry = { max_attempts: 2, initial_delay_ms: 1 };
    const nodes = [node('agent', { type: 't.steps', config: { turns: 3, continued }, retry })];
    const run = await t.run(t.define(nodes, { outputs: '{{ nodes.agent.output }}' }));
    expect(run).toMatchObject({ status: 'success', outputs });
    expect(t.calls).toHaveLength(calls);
  });

  it('ends what is inside a durable node when its time is over', async () => {
    const t = start();
    t.behaviours.set('', async (call) => {
      await new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason as Error)));
      return null;
    });
    const run = await t.run(t.define([node('agent', { type: 't.steps', config: { turns: 1 }, timeout_ms: 20 })]));
    expect(run).toMatchObject({ status: 'failed' });
    expect(run.history.steps.get('agent')?.error).toMatchObject({ code: 'timeout' });
  });
});

describe('cancelling', () => {
  it('aborts what runs and says what it was', async () => {
    const t = start();
    t.behaviours.set('hang', async (call) => {
      await new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)));
      return null;
    });
    const id = await t.submit(t.define([node('a', { config: { do: 'hang' } }), node('b', { needs: ['a'] })]));
    await t.until(id, (history) => history.openSteps().length === 1);
    expect(await t.engine.cancel({ tenant: 'default', runId: id, reason: 'enough' })).toEqual({ status: 'cancelling', stopping: ['a'] });
    const run = await t.ended(id);
    expect(run.status).toBe('cancelled');
    expect(types(run.events)).toEqual(['run.created', 'run.started', 'run.cancelling', 'run.cancelled']);
    expect(await t.engine.cancel({ tenant: 'default', runId: id, reason: null })).toEqual({ status: 'cancelled', terminal: true });
    expect(t.calls).toEqual(['a']);
  });

  it('gives up work that ignores its signal', async () => {
    const t = start();
    t.behaviours.set('deaf', () => new Promise<never>(() => undefined));
    const id = await t.submit(t.define([node('a', { config: { do: 'deaf' } })]));
    await t.until(id, (history) => history.openSteps().length === 1);
    await t.engine.cancel({ tenant: 'default', runId: id, reason: null });
    expect((await t.ended(id)).status).toBe('cancelled');
  });

  it('ends a parked run without a worker', async () => {
    const store = new MemoryRunStore();
    const worker = start(store);
    const definition = worker.define([node('a', { type: 't.sleep', config: { ms: 3_600_000 } })]);
    const id = await worker.submit(definition);
    await worker.until(id, (_, journal) => journal.at(-1)?.type === 'run.waiting');
    await worker.engine.stop();
    const api = start(store, { executes: false });
    api.adopt(definition);
    expect(await api.engine.cancel({ tenant: 'default', runId: id, reason: null })).toEqual({ status: 'cancelling', stopping: ['a'] });
    const run = await api.ended(id);
    expect(run.status).toBe('cancelled');
    expect(run.history.steps.get('a')?.status).toBe('cancelled');
  });

  it('reaches the child it waits for', async () => {
    const t = start();
    t.define([node('x', { type: 't.sleep', config: { ms: 3_600_000 } })], { name: 'test/slow-child' });
    const id = await t.submit(t.define([node('sub', { type: 't.child', config: { workflow: 'test/slow-child' } })]));
    const journal = await t.until(id, (history) => history.steps.get('sub')?.waits.size === 1);
    const wait = journal.find((row) => row.type === 'step.waiting');
    const child = (JSON.parse(wait?.data ?? '{}') as { wait: { run_id: string } }).wait.run_id;
    await t.until(child, (_, rows) => rows.at(-1)?.type === 'run.waiting');
    await t.engine.cancel({ tenant: 'default', runId: id, reason: null });
    expect((await t.ended(id)).status).toBe('cancelled');
    expect((await t.ended(child)).status).toBe('cancelled');
  });

  it('knows no run of another tenant', async () => {
    const t = start();
    const id = await t.submit(t.define([node('a', { type: 't.sleep', config: { ms: 60_000 } })]));
    expect(await t.engine.cancel({ tenant: 'other', runId: id, reason: null })).toBeNull();
  });
});

describe('a run that cannot be executed', () => {
  it('ends as failed when its version is gone', async () => {
    const store = new MemoryRunStore();
    const api = start(store, { executes: false });
    const id = await api.submit(api.define([node('a')]));
    const run = await start(store).ended(id);
    expect(run.events.at(-1)?.data).toMatchObject({ error: { code: 'definition_missing' } });
  });
});

describe('several processes', () => {
  it('take over a run whose owner died, without doing finished steps again', async () => {
    const store = new MemoryRunStore();
    const [a, b] = [new EngineHarness(store, { leaseMs: 60 }), new EngineHarness(store, { leaseMs: 60 })];
    a.engine.start();
    a.behaviours.set('hang', () => new Promise<never>(() => undefined));
    const definition = a.define([node('first'), node('second', { needs: ['first'], config: { do: 'hang' } })]);
    b.adopt(definition);
    const id = await a.submit(definition);
    await a.until(id, (history) => history.steps.get('second')?.status === 'open');
    a.engine.kill();
    open.push(b);
    b.engine.start();
    const run = await b.ended(id);
    expect(run.status).toBe('success');
    expect(b.calls).toEqual(['second']);
    expect(run.events.map((event) => event.seq)).toEqual(run.events.map((_, index) => index + 1));
  });

  it('hand their runs back when they drain, and let running steps finish first', async () => {
    const store = new MemoryRunStore();
    const a = new EngineHarness(store);
    a.engine.start();
    const step = gate();
    a.behaviours.set('gate', async () => {
      await step.promise;
      return 'finished';
    });
    const definition = a.define([node('first', { config: { do: 'gate' } }), node('second', { needs: ['first'] })], {
      outputs: '{{ nodes.first.output }}',
    });
    const id = await a.submit(definition);
    await a.until(id, (history) => history.openSteps().length === 1);
    const drained = a.engine.drain(10_000);
    step.open();
    await drained;
    await a.engine.stop();
    const b = start(store);
    b.adopt(definition);
    expect(await b.ended(id)).toMatchObject({ status: 'success', outputs: 'finished' });
    expect(b.calls).toEqual(['second']);
  });
});
