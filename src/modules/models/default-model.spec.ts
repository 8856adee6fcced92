import { expect, it } from 'vitest';
import { defaultModel } from './default-model.js';
import { blockFaults } from './model-faults.js';
import { answerOf, type ScriptRule } from './scripted/script.js';

it('the default model is one that needs nothing, and answers everything alike', () => {
  const block = defaultModel({ defaultModel: { provider: 'scripted', model: 'offline', baseUrl: undefined } });
  expect(blockFaults(block, '')).toEqual([]);
  const answer = (text: string): string | undefined =>
    answerOf(block.rules as readonly ScriptRule[], [{ role: 'user', content: [{ type: 'text', text }] }])?.text;
  expect(answer('\n  What is 2 + 2?\nSay it.')).toBe('Answered offline, by rule and without a model: What is 2 + 2?');
  expect(answer(' \n')).toBe('Answered offline, by rule and without a model.');
});

it('a default model of a provider is that one, at the address that is given', () => {
  const configured = { provider: 'openai_compatible', model: 'llama', baseUrl: 'http://localhost:11434/v1' } as const;
  expect(defaultModel({ defaultModel: configured })).toEqual({
    provider: 'openai_compatible',
    model: 'llama',
    base_url: 'http://localhost:11434/v1',
  });
});
