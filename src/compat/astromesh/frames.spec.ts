import { expect, it } from 'vitest';
import type { ConversationMessage } from '../../modules/agents/index.js';
import { frameOf } from './frames.js';

const USAGE = { input_tokens: 8, output_tokens: 3, total_tokens: 11, cost_usd: null };
const DONE = {
  type: 'done',
  response: 'Hi',
  session_id: 's',
  usage: USAGE,
  usage_by_model: [],
  timing: { total_ms: 2, model_ms: 1, tool_ms: 0 },
  model: 'openai/gpt-4o',
  provider: 'openai',
  run_id: 'r',
};

it.each<[string, ConversationMessage, object | null]>([
  ['the run', { type: 'run', run_id: 'r' }, null],
  ['a piece of the answer', { type: 'token', content: 'Quantum' }, { type: 'token', content: 'Quantum' }],
  [
    'a call that people have to approve',
    { type: 'approval', tool: 'pay' },
    { type: 'status', status: 'waiting_for_approval', agent: 'a', tool: 'pay' },
  ],
  [
    'no such agent',
    { type: 'error', code: 'not_found', message: 'x' },
    { type: 'error', code: 'not_found', message: "Agent 'a' not found" },
  ],
  ['another failure', { type: 'error', code: 'timeout', message: 'x' }, { type: 'error', code: 'timeout', message: 'x' }],
])('%s', (_, message, frame) => {
  expect(frameOf('a', message)).toEqual(frame);
});

it('the end, under both names', () => {
  expect(frameOf('a', DONE)).toMatchObject({
    type: 'done',
    answer: 'Hi',
    response: 'Hi',
    session_id: 's',
    usage: { input_tokens: 8, total_tokens: 11, tokens_in: 8, tokens_out: 3, by_model: [] },
    timing: { total_ms: 2 },
    run_id: 'r',
  });
});
