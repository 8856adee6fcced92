import { describe, expect, it } from 'vitest';
import type { StepRecord } from '../../modules/runs/index.js';
import { isNodeStep, kindOf, recordsOf } from './records.js';

const step = (more: Partial<StepRecord>): StepRecord => ({
  path: 'a',
  node_id: 'a',
  type: 'agent.run',
  status: 'success',
  attempt: 1,
  inputs: null,
  output: null,
  error: null,
  started_at: new Date('2026-01-01T00:00:00.000Z'),
  finished_at: new Date('2026-01-01T00:00:01.500Z'),
  duration_ms: 1_500,
  ...more,
});
const RUN = { id: 'r', tenant: 't' };

it.each([
  ['plan', 'plan', true],
  ['plan[3]', 'plan', true],
  ['each[3]/fetch~2', 'fetch', true],
  ['plan/turn-1/model', 'plan', false],
  ['model/turn-1/model', 'model', false],
  ['gate/decision', 'gate', false],
  ['each[0]/review~1/content', 'review', false],
])('%s is a step of the node %s itself: %s', (path, nodeId, expected) => {
  expect(isNodeStep(path, nodeId)).toBe(expected);
});

it.each([
  ['agent.run', 'native'],
  ['control.approval', 'human'],
  ['http.request', 'http'],
  ['workflow.run', 'subgraph'],
  ['transform.set', 'native'],
  [null, 'native'],
])('%s is of the kind %s', (type, kind) => {
  expect(kindOf(type)).toBe(kind);
});

describe('a record', () => {
  it('of an agent has what it was asked, what it said and what it used', () => {
    const output = { response: 'four', usage: { total_tokens: 35, cost_usd: 0.5 }, tool_calls: [{ tool: 'sum' }] };
    expect(recordsOf(RUN, [step({ inputs: { query: 'What?' }, output })])).toMatchObject([
      {
        id: 1,
        run_id: 'r',
        tenant_id: 't',
        node_id: 'a',
        node_kind: 'native',
        input_task: 'What?',
        output_content: 'four',
        verdict: 'commit',
        blocked: false,
        block_reason: '',
        tokens_used: 35,
        cost_usd: 0.5,
        duration_ms: 1_500,
        timestamp: '2026-01-01T00:00:01.500+00:00',
        prev_hash: '',
        metadata: { path: 'a', tool_calls: [{ tool: 'sum' }] },
      },
    ]);
  });

  it.each([
    ['guardrail_blocked', 'guardian: no'],
    ['budget_exceeded', 'budget:exceeded: no'],
    ['rejected', 'dasc:rejected: no'],
    ['timeout', 'step_timeout: no'],
    ['http_status', 'node_exception:http_status: no'],
  ])('of a failure with %s is blocked: %s', (code, block_reason) => {
    const error = { code, message: 'no', details: { usage: { total_tokens: 7, cost_usd: null } } };
    expect(recordsOf(RUN, [step({ status: 'failed', error })])).toMatchObject([
      { verdict: 'reject', blocked: true, block_reason, output_content: '', tokens_used: 7, cost_usd: 0, uncertainty: 0 },
    ]);
  });

  it('is made of what nodes have come to, and of nothing else', () => {
    const steps = [
      step({ path: 'a/turn-1/model' }),
      step({ path: 'a' }),
      step({ path: 'b', node_id: 'b', status: 'skipped' }),
      step({ path: 'c', node_id: 'c', status: 'running', finished_at: null }),
      step({ path: 'd', node_id: 'd', status: 'cancelled', output: { n: 1 } }),
    ];
    expect(recordsOf(RUN, steps).map(({ node_id, block_reason }) => `${node_id} ${block_reason}`)).toEqual(['a ', 'd cancelled']);
  });
});
