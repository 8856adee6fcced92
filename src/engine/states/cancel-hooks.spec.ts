import { afterEach, describe, expect, it } from 'vitest';
import type { StatesDefinition } from '../model/states-definition.js';
import { EngineHarness, type EndedRun } from '../testing/engine-harness.js';
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

const WAITING: StatesDefinition = {
  name: 'test/waiting',
  kind: 'states',
  initial: 'wait',
  states: { wait: { type: 'step', node: 't.signal', config: { name: 'never' }, on_success: 'done' }, done: { type: 'terminal' } },
  hooks: {
    workflow_start: [{ log: 'begins' }],
    workflow_error: [{ log: 'broke' }],
    workflow_cancel: [{ log: '{{ error.type }} in {{ error.state }}' }, { command: 'echo swept' }],
  },
};

const logsOf = (run: EndedRun): unknown[] => run.events.filter(({ type }) => type === 'step.output').map(({ data }) => data['message']);
const cancel = (harness: EngineHarness, runId: string) => harness.engine.cancel({ tenant: 'default', runId, reason: null });
const isParked = (_: unknown, journal: readonly { type: string }[]): boolean => journal.some(({ type }) => type === 'run.waiting');

describe('hooks of a run that is cancelled', () => {
  it('run before it ends, as steps of it, also when it was parked', async () => {
    const harness = start();
    const runId = await harness.submit(harness.defineStates(WAITING));
    await harness.until(runId, isParked);
    await cancel(harness, runId);
    const run = await harness.ended(runId);
    expect(run.status).toBe('cancelled');
    expect(logsOf(run)).toEqual(['begins', 'cancelled in wait']);
    expect(run.history.steps.get('$workflow_cancel[1]')).toMatchObject({ status: 'success', output: { stdout: 'swept\n' } });
    expect(run.history.steps.get('wait')?.status).toBe('cancelled');
    expect(run.events.at(-1)?.type).toBe('run.cancelled');
  });

  it('run when its time is over', async () => {
    const harness = start();
    const run = await harness.run(harness.defineStates(WAITING), {}, { timeoutMs: 50 });
    expect(run.status).toBe('failed');
    expect(logsOf(run)).toEqual(['begins', 'run_timeout in wait']);
  });

  it('do not run for a run that never started', async () => {
    const harness = start();
    const runId = await harness.submit(harness.defineStates(WAITING), { runAt: Date.now() + 3_600_000 });
    await cancel(harness, runId);
    const run = await harness.ended(runId);
    expect(run.status).toBe('cancelled');
    expect(logsOf(run)).toEqual([]);
  });

  it('are given up when they do not stop in time', async () => {
    const harness = start(undefined, { stopGraceMs: 30 });
    const definition: StatesDefinition = { ...WAITING, hooks: { workflow_cancel: [{ command: 'sleep 60' }, { log: 'not come to' }] } };
    const runId = await harness.submit(harness.defineStates(definition));
    await harness.until(runId, isParked);
    await cancel(harness, runId);
    const run = await harness.ended(runId);
    expect(run.status).toBe('cancelled');
    expect(run.history.steps.get('$workflow_cancel[0]')?.status).toBe('cancelled');
    expect(logsOf(run)).toEqual([]);
  });

  it('are gone on with by another process, and what is done of them is not done again', async () => {
    const store = new MemoryRunStore();
    const first = start(store, { leaseMs: 50, stopGraceMs: 60_000 });
    const hooks = { workflow_cancel: [{ command: 'echo one' }, { command: 'sleep 60', timeout_ms: 300 }, { log: 'three' }] };
    const definition = first.defineStates({ ...WAITING, hooks });
    const runId = await first.submit(definition);
    await first.until(runId, isParked);
    await cancel(first, runId);
    await first.until(runId, ({ steps }) => steps.get('$workflow_cancel[1]')?.status === 'open');
    first.engine.kill();
    const second = start(store, { leaseMs: 50, stopGraceMs: 60_000 });
    second.adopt({ ...definition });
    const run = await second.ended(runId);
    expect(run.status).toBe('cancelled');
    expect(run.events.filter(({ type, step }) => type === 'step.completed' && step === '$workflow_cancel[0]')).toHaveLength(1);
    expect(run.history.steps.get('$workflow_cancel[1]')?.status).toBe('failed');
    expect(logsOf(run)).toEqual([]);
  });
});
