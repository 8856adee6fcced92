import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Json } from '../../../engine/index.js';
import { ruleFor } from './approval-rule.js';
import { checkAgent } from './check-agent.js';

const ROOT = join(import.meta.dirname, '..', '..', '..', '..');

it('the agent of the README is valid', () => {
  const text = /### An agent\n\n```yaml\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1] ?? '';
  expect(checkAgent(parse(text) as Json)).toMatchObject({ definition: { name: 'clerk' }, warnings: [] });
});

describe('a document of Astromesh', () => {
  const document = (spec: object): Json =>
    ({ apiVersion: 'astromesh/v1', kind: 'Agent', metadata: { name: 'a' }, spec }) as unknown as Json;
  const modelsOf = (model: object): unknown => {
    const checked = checkAgent(document({ model }));
    return 'errors' in checked ? checked.errors : checked.definition.model;
  };

  it.each([
    [
      'candidates with roles',
      { default: { candidates: [{ source: 'litellm', model: 'anthropic/claude-sonnet-4' }], strategy: 'round_robin' } },
      { primary: { provider: 'anthropic', model: 'claude-sonnet-4' }, routing: 'round_robin' },
    ],
    [
      'no strategy',
      { primary: { provider: 'openai', model: 'gpt-4o' } },
      { primary: { provider: 'openai', model: 'gpt-4o' }, routing: 'cost_optimized' },
    ],
    [
      'vLLM without a path',
      { primary: { provider: 'vllm', model: 'm', endpoint: 'http://gpu:8000/' } },
      { primary: { provider: 'openai_compatible', model: 'm', base_url: 'http://gpu:8000/v1' }, routing: 'cost_optimized' },
    ],
  ])('%s', (_, model, expected) => {
    expect(modelsOf(model)).toEqual(expected);
  });

  it('with a key in clear is refused', () => {
    expect(modelsOf({ primary: { provider: 'openai', model: 'm', api_key: 'sk-1' } })).toMatchObject([
      { path: '/spec/model/primary/api_key' },
    ]);
  });

  it('of another kind is none', () => {
    expect(checkAgent({ kind: 'Workflow', metadata: { name: 'a' }, spec: {} })).toMatchObject({ errors: [{ path: '/kind' }] });
  });
});

describe('rules of approval', () => {
  const rules = [{ tools: ['send_*'], when: '{{ inputs.amount > 100 }}' }, { tools: ['delete'] }];

  it.each([
    ['send_money', { amount: 200 }, true],
    ['send_money', { amount: 50 }, false],
    ['send_money', {}, true],
    ['delete', {}, true],
    ['read', {}, false],
  ])('%s with %j: %s', (tool, input, asked) => {
    expect(ruleFor(rules, tool, input) !== null).toBe(asked);
  });
});
