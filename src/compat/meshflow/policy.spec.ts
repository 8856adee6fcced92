import { expect, it } from 'vitest';
import { isSimple, runPolicy } from './policy.js';

it.each([
  ['What is 2 + 2?', false],
  ['A simple question', true],
  ['Quick: what is it?', true],
  ['Summarize this text', true],
  [`Summarize ${'word '.repeat(60)}`, false],
  [`Summarize the simple ${'word '.repeat(60)}`, true],
  [`A simple thing ${'word '.repeat(60)}`, false],
  [`A simple and quick thing ${'word '.repeat(60)}`, true],
])('%j is for one agent: %s', (task, simple) => {
  expect(isSimple(task)).toBe(simple);
});

it.each([
  [{}, { budget_usd: 1, budget_tokens: 500_000, timeout_s: 300 }],
  [{ mode: 'dev' }, { budget_usd: 0.25, budget_tokens: 500_000, timeout_s: 300 }],
  [
    { mode: 'legal-critical', budget_usd: 3, timeout_s: 12, cascade_threshold: 1 },
    { budget_usd: 3, budget_tokens: 500_000, timeout_s: 12 },
  ],
  [
    { budget_tokens: 10.9, timeout_s: 1e9 },
    { budget_usd: 1, budget_tokens: 10, timeout_s: 86_400 },
  ],
])('%j comes to %j', (policy, expected) => {
  expect(runPolicy(policy)).toEqual(expected);
});

it.each([[{ mode: 'wild' }], [{ mode: 3 }], [{ budget_usd: '1' }], [{ timeout_s: -1 }], [{ max_steps: 3 }]])('%j is refused', (policy) => {
  expect(() => runPolicy(policy)).toThrow('the policy is not valid');
});
