import { expect, it } from 'vitest';
import type { RunDto, StepRecord } from '../../modules/runs/index.js';
import type { WorkflowDetailDto } from '../../modules/workflows/index.js';
import { runResult, runState, runStatus, workflowName, workflowView } from './workflow-views.js';

const run = (status: RunDto['status'], more: Partial<RunDto> = {}): RunDto =>
  ({
    id: 'r',
    workflow: { name: 'default/w' },
    agent: null,
    status,
    inputs: { q: 1 },
    outputs: 'out',
    error: null,
    duration_ms: 5,
    progress: { completed: 1, total: 2 },
    ...more,
  }) as RunDto;
const step = (path: string, status: StepRecord['status'], more: Partial<StepRecord> = {}): StepRecord =>
  ({ path, status, output: null, error: null, ...more }) as StepRecord;
const failed = (code: string): RunDto => run('failed', { error: { code, message: 'no', retryable: false } as unknown as RunDto['error'] });

it.each([
  ['default/greets', 'greets'],
  ['ops/greets', 'ops/greets'],
])('%s is called %s', (full, name) => {
  expect(workflowName(full)).toBe(name);
});

it.each([
  [{ nodes: [{ id: 'a', type: 'debug.log' }] }, [{ name: 'a', type: 'debug.log' }]],
  [{ states: { a: { type: 'command' } } }, [{ name: 'a', type: 'command' }]],
])('of %j the steps are told', (definition, steps) => {
  const workflow = { name: 'ops/w', version: 2, namespace: 'ops', description: null, definition } as unknown as WorkflowDetailDto;
  expect(workflowView(workflow)).toEqual({
    name: 'ops/w',
    version: '2',
    namespace: 'ops',
    description: '',
    trigger: null,
    timeout_seconds: null,
    steps,
  });
});

it.each([
  ['running', run('pending')],
  ['running', run('cancelling')],
  ['suspended', run('waiting')],
  ['completed', run('success')],
  ['cancelled', run('cancelled')],
  ['failed', failed('odd')],
  ['timed_out', failed('run_timeout')],
  ['rejected', failed('rejected')],
  ['expired', failed('approval_expired')],
])('a run is %s', (status, told) => {
  expect(runStatus(told)).toBe(status);
});

it('tells of a run that waits no more than that', () => {
  expect(runResult(run('waiting'), [])).toEqual({ run_id: 'r', status: 'suspended' });
});

it('tells what the steps of the workflow itself have come to', () => {
  const error = { code: 'x', message: 'no' } as unknown as StepRecord['error'];
  const steps = [step('a', 'success', { output: 1 }), step('a/inner', 'success'), step('b', 'failed', { error }), step('c', 'skipped')];
  const told = {
    a: { status: 'success', output: 1, error: null },
    b: { status: 'error', output: null, error: 'no' },
    c: { status: 'skipped', output: null, error: null },
  };
  const done = { run_id: 'r', workflow_name: 'w', status: 'completed' };
  expect(runResult(run('success'), steps)).toEqual({ ...done, output: 'out', steps: told, trace: null, duration_ms: 5 });
  expect(runState(run('success'), steps)).toEqual({ ...done, current_index: 1, context: { trigger: { q: 1 }, steps: told }, error: null });
});
