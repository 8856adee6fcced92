import { expect, it } from 'vitest';
import type { AgentAnswerDto } from '../../modules/agents/index.js';
import { answer, usageOf } from './answer-views.js';

const USED = { input_tokens: 10, output_tokens: 5, total_tokens: 15, cost_usd: 0.1 };
const model = (name: string, tokens: number): AgentAnswerDto['usage_by_model'][number] => ({
  ...USED,
  input_tokens: tokens,
  provider: 'openai',
  model: name,
  role: 'reasoner',
  calls: 1,
});
const ANSWER: AgentAnswerDto = {
  run_id: '0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b',
  response: 'Done',
  session_id: 's',
  tool_calls: [
    { tool: 'look', input: { id: 7 }, output: { ok: true } },
    { tool: 'say', input: {}, output: 'hi', is_error: true },
  ],
  usage: USED,
  usage_by_model: [],
  timing: { total_ms: 3, model_ms: 2, tool_ms: 1 },
  model: 'openai/gpt-4o',
  provider: 'openai',
  turns: 2,
  stop_reason: 'completed',
  agent: { name: 'a', version: 1 },
};

it('is told twice: as documented, and as the original does', () => {
  const { response, session_id, timing, model: asked, provider, run_id } = ANSWER;
  expect(answer({ ...ANSWER, data: { a: 1 } })).toEqual({
    response,
    session_id,
    timing,
    model: asked,
    provider,
    run_id,
    tool_calls: [
      { tool: 'look', input: { id: 7 }, output: { ok: true } },
      { tool: 'say', input: {}, output: 'hi' },
    ],
    usage: usageOf(ANSWER),
    answer: 'Done',
    steps: [
      { thought: null, action: 'look', action_input: { id: 7 }, observation: '{"ok":true}', result: null },
      { thought: null, action: 'say', action_input: {}, observation: 'hi', result: null },
      { thought: null, action: null, action_input: null, observation: null, result: 'Done' },
    ],
    trace: null,
    data: { a: 1 },
    chain: null,
  });
});

it('counts tokens under both names, and lists models by what they used', () => {
  const used = usageOf({ ...ANSWER, usage_by_model: [model('b', 1), model('a', 1), model('c', 9)] });
  expect(used).toMatchObject({
    input_tokens: 10,
    output_tokens: 5,
    total_tokens: 15,
    tokens_in: 10,
    tokens_out: 5,
    model: 'openai/gpt-4o',
  });
  expect(used).toMatchObject({
    by_model: [{ model: 'c', tokens_in: 9, tokens_out: 5, cost: 0.1, calls: 1 }, { model: 'a' }, { model: 'b' }],
  });
});
