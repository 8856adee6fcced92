import { afterEach, describe, expect, it } from 'vitest';
import type { StateDefinition, StatesDefinition } from '../model/states-definition.js';
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

const machine = (states: Record<string, StateDefinition>, more: Partial<StatesDefinition> = {}): StatesDefinition => ({
  name: 'test/machine',
  kind: 'states',
  initial: Object.keys(states)[0] ?? '',
  states: { ...states, done: { type: 'terminal' } },
  ...more,
});
const work = (name: string, more: Partial<StateDefinition> = {}): StateDefinition =>
  ({ type: 'step', node: 't.do', config: { do: name }, ...more }) as StateDefinition;
const gate = (): { promise: Promise<void>; open: () => void } => {
  let open!: () => void;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
};
/** Work that goes on until it is told to stop. */
const endless = (stopped: string[]) => (call: { signal: AbortSignal; path: string }) =>
  new Promise<never>((_, reject) => {
    call.signal.addEventListener('abort', () => {
      stopped.push(call.path);
      reject(call.signal.reason as Error);
    });
  });

describe('a state machine that changes hands', () => {
  it('goes on in another process where it was, and executes nothing again', async () => {
    const store = new MemoryRunStore();
    const first = start(store, { leaseMs: 1_000 });
    const stuck = gate();
    const definition = first.defineStates(
      machine(
        {
          a: work('a', { on_success: 'loop' }),
          loop: { type: 'for_each', items: [1, 2, 3], body: ['b', 'c'], on_complete: 'again' },
          b: work('b'),
          c: work('c'),
          again: work('again', { transitions: [{ when: '{{ run.attempt == 2 }}', goto: 'a' }], on_success: 'done' }),
        },
        { outputs: '{{ [states.c.output.at, states.loop.output.iterations] }}' },
      ),
    );
    const behave = (harness: EngineHarness, hang: boolean): void => {
      harness.behaviours.set('c', async (call) => {
        if (hang && call.path === 'loop[1]/c') {
          stuck.open();
          await new Promise(() => undefined);
        }
        return { at: call.path };
      });
    };
    behave(first, true);
    const id = await first.submit(definition);
    await stuck.promise;
    first.engine.kill();
    const second = start(store);
    behave(second, false);
    second.adopt(definition);
    const run = await second.ended(id);
    expect(run).toMatchObject({ status: 'success', outputs: ['loop[2]/c', 3] });
    expect(first.calls).toEqual(['a', 'loop[0]/b', 'loop[0]/c', 'loop[1]/b', 'loop[1]/c']);
    expect(second.calls).toEqual(['loop[1]/c', 'loop[2]/b', 'loop[2]/c', 'again']);
  });

  it('starts no branch again once the journal says which one decided', async () => {
    const store = new MemoryRunStore();
    const first = start(store, { leaseMs: 50 });
    const stuck = gate();
    const definition = first.defineStates(
      machine({
        race: { type: 'parallel', branches: ['slow', 'quick'], strategy: 'any_succeed', on_success: 'after' },
        slow: work('slow'),
        quick: work('quick'),
        after: work('after', { on_success: 'done' }),
      }),
    );
    first.behaviours.set('slow', endless([]));
    first.behaviours.set('after', async () => {
      stuck.open();
      return await new Promise(() => undefined);
    });
    const id = await first.submit(definition);
    await stuck.promise;
    first.engine.kill();
    const second = start(store);
    second.adopt(definition);
    const run = await second.ended(id);
    expect(run.status).toBe('success');
    expect(second.calls).toEqual(['after']);
    expect(run.history.steps.get('race/slow')?.status).toBe('cancelled');
  });

  it('parks between states and comes back', async () => {
    const t = start();
    const definition = t.defineStates(
      machine({
        both: { type: 'parallel', branches: ['ask', 'nap'], on_success: 'done' },
        ask: { type: 'step', node: 't.signal', config: { name: 'go' } },
        nap: { type: 'step', node: 't.sleep', config: { ms: 30 } },
      }),
    );
    const id = await t.submit(definition);
    await t.until(id, (_, journal) => journal.some((entry) => entry.type === 'run.waiting'));
    await t.store.sendSignal({ tenant: 'default', runId: id, name: 'go', payload: { yes: true } });
    t.engine.hintWake([id]);
    expect((await t.ended(id)).outputs).toEqual({ both: { ask: { yes: true }, nap: {} } });
  });
});

describe('branches', () => {
  it('really stops the work of the others, and only that', async () => {
    const t = start();
    const stopped: string[] = [];
    t.behaviours.set('endless', endless(stopped));
    t.behaviours.set('bad', async () => {
      throw new StepError('broken', 'it broke', { retryable: false });
    });
    const definition = t.defineStates(
      machine({
        outer: { type: 'parallel', branches: ['inner', 'fine'], strategy: 'best_effort', on_success: 'after' },
        inner: { type: 'parallel', branches: ['hang', 'bad'] },
        hang: work('endless'),
        bad: work('bad'),
        fine: work('fine'),
        after: work('after', { on_success: 'done' }),
      }),
    );
    const run = await t.run(definition);
    expect(run.status).toBe('success');
    expect(stopped).toEqual(['outer/inner/hang']);
    expect(run.history.steps.get('outer/inner')?.error).toMatchObject({ code: 'broken', message: 'branch bad failed: it broke' });
    expect(t.calls).toContain('after');
  });

  it('gives up work that does not stop when it is told to', async () => {
    const t = start(undefined, { stopGraceMs: 20 });
    t.behaviours.set('deaf', () => new Promise<never>(() => undefined));
    const definition = t.defineStates(
      machine({
        race: { type: 'parallel', branches: ['deaf', 'quick'], strategy: 'any_succeed', on_success: 'done' },
        deaf: work('deaf'),
        quick: work('quick'),
      }),
    );
    expect((await t.run(definition)).status).toBe('success');
  });

  it('does not try again what was stopped, nor wait for it', async () => {
    const t = start();
    t.behaviours.set('flaky', async () => {
      throw new StepError('again', 'later');
    });
    const definition = t.defineStates(
      machine({
        race: { type: 'parallel', branches: ['flaky', 'nap'], strategy: 'any_succeed', on_success: 'done' },
        flaky: work('flaky', { retry: { max_attempts: 5, initial_delay_ms: 3_600_000, max_delay_ms: 3_600_000 } }),
        nap: { type: 'step', node: 't.sleep', config: { ms: 10 } },
      }),
    );
    const run = await t.run(definition);
    expect(run.status).toBe('success');
    expect(run.history.steps.get('race/flaky')?.status).toBe('cancelled');
  });

  it('cancels the run it called when another branch decides', async () => {
    const t = start();
    const child = t.defineStates({
      ...machine({ wait: { type: 'step', node: 't.signal', config: { name: 'never' }, on_success: 'done' } }),
      name: 'test/child',
    });
    const definition = t.defineStates(
      machine({
        race: { type: 'parallel', branches: ['call', 'nap'], strategy: 'any_succeed', on_success: 'done' },
        call: { type: 'call_workflow', workflow: child.name },
        nap: { type: 'step', node: 't.sleep', config: { ms: 40 } },
      }),
    );
    const run = await t.run(definition);
    expect(run.status).toBe('success');
    const waits = run.events
      .filter((event) => event.type === 'step.waiting' && event.step === 'race/call')
      .map((event) => event.data['wait']);
    const { run_id: childId } = waits[0] as { run_id: string };
    expect((await t.ended(childId)).status).toBe('cancelled');
  });
});

describe('a state machine', () => {
  it('is cancelled as any run is, hooks and all', async () => {
    const t = start();
    const stopped: string[] = [];
    t.behaviours.set('endless', endless(stopped));
    const definition = t.defineStates(
      machine(
        { hang: work('endless', { on_success: 'done', on_failure: 'never' }), never: work('never') },
        { hooks: { workflow_error: [{ log: 'no' }] } },
      ),
    );
    const id = await t.submit(definition);
    await t.until(id, () => t.calls.length > 0);
    await t.engine.cancel({ tenant: 'default', runId: id, reason: 'enough' });
    const run = await t.ended(id);
    expect(run.status).toBe('cancelled');
    expect(stopped).toEqual(['hang']);
    expect(t.calls).toEqual(['hang']);
  });

  it('calls another one and takes over what it asks for of its outputs', async () => {
    const t = start();
    const child = t.defineStates({
      ...machine(
        { add: { type: 'step', node: 'transform.set', config: { values: { sum: '{{ inputs.a + inputs.b }}' } }, on_success: 'done' } },
        { outputs: { deep: '{{ states.add.output }}' } },
      ),
      name: 'test/adder',
    });
    const definition = t.defineStates(
      machine({
        call: {
          type: 'call_workflow',
          workflow: child.name,
          inputs: { a: 1, b: '{{ inputs.b }}' },
          outputs: { sum: 'deep.sum', none: 'deep.none' },
          on_success: 'done',
        },
      }),
    );
    expect((await t.run(definition, { b: 2 })).outputs).toEqual({ call: { sum: 3, none: null } });
  });

  it('fails with what the run it called came to', async () => {
    const t = start();
    const child = t.defineStates({ ...machine({ end: { type: 'terminal', status: 'failure', message: 'no' } }), name: 'test/sad' });
    const definition = t.defineStates(machine({ call: { type: 'call_workflow', workflow: child.name, on_success: 'done' } }));
    const run = await t.run(definition);
    expect(run.status).toBe('failed');
    expect(run.history.steps.get('call')?.error).toMatchObject({
      code: 'child_failed',
      message: expect.stringContaining('ended as failed: no') as string,
    });
  });

  it('ends when it calls itself for ever', async () => {
    const t = start(undefined, { maxDepth: 3 });
    const definition = t.defineStates(machine({ call: { type: 'call_workflow', workflow: 'test/machine', on_success: 'done' } }));
    expect((await t.run(definition)).status).toBe('failed');
  });

  it('hands secrets to nodes and keeps them out of the journal', async () => {
    const t = start();
    const seen: unknown[] = [];
    t.behaviours.set('look', (call) => {
      seen.push(call.config['token']);
      return { echo: call.config['token'] ?? null };
    });
    const definition = t.defineStates(
      machine({ look: { type: 'step', node: 't.do', config: { do: 'look', token: '{{ secrets.TOKEN }}' }, on_success: 'done' } }),
    );
    const run = await t.run(definition);
    expect(seen).toEqual(['s3cr3t-"quoted"']);
    expect(JSON.stringify(run.events)).not.toContain('s3cr3t');
    expect(run.outputs).toEqual({ look: { echo: '***' } });
  });

  it('makes ten thousand visits in a blink', async () => {
    const t = start();
    const definition = t.defineStates(
      machine(
        {
          spin: { type: 'while', while: '{{ true }}', max_iterations: 5_000, body: ['set'], on_complete: 'done' },
          set: { type: 'step', node: 'transform.set', config: { values: {} } },
        },
        { outputs: '{{ states.spin.output.iterations }}' },
      ),
    );
    expect((await t.run(definition)).outputs).toBe(5_000);
  });
});
