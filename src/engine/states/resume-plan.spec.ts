import { afterEach, describe, expect, it } from 'vitest';
import type { ResumePlan } from '../kernel/run-context.js';
import type { JsonObject } from '../model/json.js';
import type { StateDefinition, StatesDefinition } from '../model/states-definition.js';
import { StepError } from '../model/step-error.js';
import type { StoredDefinition } from '../ports/definitions.js';
import { EngineHarness, type EndedRun } from '../testing/engine-harness.js';

const open: EngineHarness[] = [];
const start = (): EngineHarness => {
  const harness = new EngineHarness();
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
  ({ type: 'step', node: 't.do', config: { do: name, path: name }, ...more }) as StateDefinition;

interface Resumed {
  readonly plan: ResumePlan;
  readonly kept: string[];
  readonly calls: string[];
  readonly run: EndedRun | null;
}

/** Plans to go on with a run and, unless something stands against it, does so; tells what was executed again. */
async function resume(
  harness: EngineHarness,
  old: EndedRun,
  then: StoredDefinition,
  from: string | null,
  changes: { inputs?: JsonObject; now?: StoredDefinition } = {},
): Promise<Resumed> {
  const { inputs = old.history.inputs, now = then } = changes;
  const { workflowId: id, name, version } = now;
  const plan = await harness.engine.program(now).planResume({
    entries: await harness.engine.journal(old.id),
    from,
    before: harness.engine.program(then),
    run: {
      id: 'new',
      kind: 'workflow',
      tenant: 'default',
      workflow: { id, name, version },
      source: 'api',
      trigger: 'resume',
      createdAt: '2030-01-01T00:00:00.000Z',
      depth: 0,
    },
    inputs,
  });
  const kept = plan.kept.map((entry) => entry.step ?? '');
  if (plan.faults.length > 0) return { plan, kept, calls: [], run: null };
  const before = harness.calls.length;
  const run = await harness.run(now, inputs, { kept: plan.kept, resumedFrom: old.id });
  return { plan, kept, calls: harness.calls.slice(before), run };
}

/** Behaviours fail until they are mended. */
function breaks(harness: EngineHarness, name: string, when: (path: string) => boolean = () => true): { mend(): void } {
  let broken = true;
  harness.behaviours.set(name, (call) => {
    if (broken && when(call.path)) throw new StepError('boom', `${call.path} fails`, { retryable: false });
    return { by: call.path };
  });
  return {
    mend: () => {
      broken = false;
    },
  };
}

describe('a run of a state machine that is gone on with', () => {
  it('does what failed again, and nothing that was done', async () => {
    const harness = start();
    const flaw = breaks(harness, 'b');
    const definition = harness.defineStates(machine({ a: work('a', { on_success: 'b' }), b: work('b', { on_success: 'done' }) }));
    const old = await harness.run(definition);
    expect(old.status).toBe('failed');
    flaw.mend();
    const { run, kept, calls } = await resume(harness, old, definition, null);
    expect({ status: run?.status, kept, calls }).toEqual({ status: 'success', kept: ['a'], calls: ['b'] });
    expect(run?.outputs).toEqual({ b: { by: 'b' } });
  });

  it('keeps failures that decided the way to the step', async () => {
    const harness = start();
    breaks(harness, 'a');
    const flaw = breaks(harness, 'c');
    const definition = harness.defineStates(
      machine({
        a: work('a', { on_success: 'done', on_failure: 'b' }),
        b: work('b', { on_success: 'c' }),
        c: work('c', { on_success: 'done', on_failure: { message: 'gave up on {{ states.a.error.message }}' } }),
      }),
    );
    const old = await harness.run(definition);
    flaw.mend();
    const { run, kept, calls } = await resume(harness, old, definition, 'c');
    expect({ status: run?.status, kept, calls }).toEqual({ status: 'success', kept: ['a', 'b'], calls: ['c'] });
    expect(run?.history.steps.get('a')).toMatchObject({ status: 'failed', error: { code: 'boom' } });
  });

  it('goes on in the turn of a loop that failed, and from any visit of a state', async () => {
    const harness = start();
    const flaw = breaks(harness, 'x', (path) => path === 'each[2]/x');
    const definition = harness.defineStates(
      machine({
        each: { type: 'for_each', items: [1, 2, 3], body: ['x', 'y'], on_complete: 'again' },
        x: work('x'),
        y: work('y'),
        again: work('again', { transitions: [{ when: '{{ states.again.output.n < 2 }}', goto: 'again' }], on_success: 'done' }),
      }),
    );
    let n = 0;
    harness.behaviours.set('again', () => ({ n: (n += 1) }));
    const failed = await harness.run(definition);
    expect(failed.status).toBe('failed');
    flaw.mend();
    const first = await resume(harness, failed, definition, null);
    expect(first.kept).toEqual(['each[0]/x', 'each[0]/y', 'each[1]/x', 'each[1]/y']);
    expect(first.calls).toEqual(['each[2]/x', 'each[2]/y', 'again', 'again~2']);
    expect(first.run?.status).toBe('success');
    const second = await resume(harness, first.run as EndedRun, definition, 'again~2');
    expect(second.calls).toEqual(['again~2']);
    const third = await resume(harness, first.run as EndedRun, definition, 'each[1]/y');
    expect(third.calls).toEqual(['each[1]/y', 'each[2]/x', 'each[2]/y', 'again']);
  });

  it('keeps the branches that are done', async () => {
    const harness = start();
    const flaw = breaks(harness, 'y');
    const definition = harness.defineStates(
      machine({
        both: { type: 'parallel', branches: ['x', 'y', 'z'], strategy: 'best_effort', on_success: 'after' },
        x: work('x'),
        y: work('y'),
        z: work('z'),
        after: { type: 'step', node: 't.fail', on_success: 'done' },
      }),
    );
    const old = await harness.run(definition);
    flaw.mend();
    const { kept, calls } = await resume(harness, old, definition, 'both/y');
    expect(kept.toSorted()).toEqual(['both/x', 'both/z']);
    expect(calls).toEqual(['both/y', 'after']);
    expect((await resume(harness, old, definition, 'after')).calls).toEqual(['after']);
  });

  it('runs hooks of the workflow anew, and those of kept states not', async () => {
    const harness = start();
    const flaw = breaks(harness, 'b');
    const definition = harness.defineStates(
      machine(
        { a: work('a', { on_success: 'b', hooks: { pre: [{ log: 'before a' }] } }), b: work('b', { on_success: 'done' }) },
        { hooks: { workflow_start: [{ log: 'begins' }], workflow_error: [{ log: 'broke' }] } },
      ),
    );
    const old = await harness.run(definition);
    flaw.mend();
    const { run } = await resume(harness, old, definition, null);
    const logs = run?.events.filter(({ type }) => type === 'step.output').map(({ data }) => data['message']);
    expect(logs).toEqual(['begins']);
    expect(run?.status).toBe('success');
  });

  it('keeps its chain whole, whatever kinds of rows are kept', async () => {
    const harness = start();
    const flaw = breaks(harness, 'after');
    harness.behaviours.set(
      'slow',
      (call) => new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason as Error))),
    );
    const definition = harness.defineStates(
      machine({
        race: { type: 'parallel', branches: ['fast', 'slow'], strategy: 'any_succeed', on_success: 'after' },
        fast: work('fast'),
        slow: work('slow'),
        after: work('after', { on_success: 'done' }),
      }),
    );
    const old = await harness.run(definition);
    flaw.mend();
    const { run, kept } = await resume(harness, old, definition, null);
    expect(kept.toSorted()).toEqual(['race', 'race/fast', 'race/slow']);
    expect(run?.status).toBe('success');
    expect(run?.events.map(({ seq }) => seq)).toEqual(run?.events.map((_, index) => index + 1));
  });
});

describe('what stands against it', () => {
  const states = {
    a: work('a', { on_success: 'b' }),
    b: work('b', { transitions: [{ when: '{{ inputs.skip == true }}', goto: 'done' }], on_success: 'c' }),
    c: work('c', { on_success: 'done' }),
  };

  it('is a step that the run never came to', async () => {
    const harness = start();
    const definition = harness.defineStates(machine(states));
    const old = await harness.run(definition, { skip: true });
    const faultsOf = async (from: string) => (await resume(harness, old, definition, from)).plan.faults;
    expect(await faultsOf('c')).toEqual([{ path: '/from_step', code: 'unknown_step', message: 'the run never came to step "c"' }]);
    expect(await faultsOf('zzz')).toEqual([{ path: '/from_step', code: 'unknown_step', message: 'the workflow has no step "zzz"' }]);
    expect(await faultsOf('$workflow_start[0]')).toMatchObject([{ code: 'unknown_step' }]);
  });

  it('is inputs that lead another way', async () => {
    const harness = start();
    const definition = harness.defineStates(machine(states));
    const old = await harness.run(definition, { skip: false });
    const { plan } = await resume(harness, old, definition, 'c', { inputs: { skip: true } });
    expect(plan).toEqual({
      kept: [],
      faults: [
        { path: '/input_overrides', code: 'other_way', message: expect.stringContaining('"done" before it comes to step "c"') as string },
      ],
    });
    expect((await resume(harness, old, definition, 'b', { inputs: { skip: true } })).run?.status).toBe('success');
  });

  it('is a version in which a kept state is another, is missing, or is not come to', async () => {
    const harness = start();
    const definition = harness.defineStates(machine(states));
    const old = await harness.run(definition, { skip: false });
    const faultsWith = async (changed: Record<string, StateDefinition>, initial?: string) => {
      const now = harness.defineStates(machine(changed, initial === undefined ? {} : { initial }));
      return (await resume(harness, old, definition, 'c', { now })).plan.faults;
    };
    expect(await faultsWith({ ...states, a: work('other', { on_success: 'b' }) })).toMatchObject([
      {
        path: '/version',
        code: 'kept_step_changed',
        message: expect.stringContaining('state "a" is kept, but this version changes its config') as string,
      },
    ]);
    expect(await faultsWith({ b: states.b, c: states.c })).toMatchObject([{ path: '/version', code: 'kept_step_missing' }]);
    expect(await faultsWith(states, 'b')).toMatchObject([
      { path: '/version', code: 'other_way', message: expect.stringContaining('"a"') as string },
    ]);
    expect(await faultsWith({ ...states, b: work('b', { on_success: 'x' }), x: work('x', { on_success: 'c' }) })).toMatchObject([
      { path: '/version', code: 'other_way', message: expect.stringContaining('"x" before') as string },
    ]);
    expect(await faultsWith({ ...states, c: work('c2', { on_success: 'done' }) })).toEqual([]);
    expect(await faultsWith({ ...states, a: work('a', { on_success: 'b', timeout_ms: 5, description: 'new' }) })).toEqual([]);
  });

  it('is a version of another kind', async () => {
    const harness = start();
    const definition = harness.defineStates(machine(states));
    const old = await harness.run(definition, { skip: false });
    const now = harness.define([{ id: 'a', type: 't.do' }]);
    expect((await resume(harness, old, definition, 'c', { now })).plan.faults).toMatchObject([{ path: '/version', code: 'other_kind' }]);
  });
});
