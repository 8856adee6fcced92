import { describe, expect, it } from 'vitest';
import type { WorkflowDefinition } from '../../engine/model/definition.js';
import { RunSteps } from './run-steps.js';

const states = {
  name: 'x',
  kind: 'states',
  initial: 'each',
  states: {
    each: { type: 'for_each', items: [1], body: ['fetch', 'ask'] },
    fetch: { type: 'step', node: 'http.request' },
    ask: { type: 'step', node: 'agent.run' },
    call: { type: 'call_workflow', workflow: 'y' },
    end: { type: 'terminal' },
  },
} as unknown as WorkflowDefinition;

describe('the step that a path belongs to', () => {
  it.each([
    ['each', 'each', true],
    ['each[3]/fetch~2', 'fetch', true],
    ['each[3]/fetch~2/$pre[0]', 'fetch', false],
    ['each[0]/ask/turn-1/model', 'ask', false],
    ['end', 'end', true],
    ['$workflow_end[0]', undefined, undefined],
  ])('of a state machine, %s', (path, step, own) => {
    expect(new RunSteps(states).at(path) ?? {}).toEqual(step === undefined ? {} : { step, own });
  });

  it.each([
    ['fetch', 'fetch', true],
    ['notify[3]', 'notify', true],
    ['ask/turn-1/model', 'ask', false],
    ['report#2/begin', 'report', false],
  ])('of a graph, or of what is no more, %s', (path, step, own) => {
    expect(new RunSteps(null).at(path)).toEqual({ step, own });
  });

  it('knows calls of workflows', () => {
    expect(new RunSteps(states).callsWorkflow('call')).toBe(true);
    expect(new RunSteps(states).callsWorkflow('fetch')).toBe(false);
  });
});
