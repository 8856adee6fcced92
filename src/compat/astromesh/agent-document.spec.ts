import { expect, it } from 'vitest';
import type { AgentDefinition } from '../../modules/agents/index.js';
import { documentOf } from './agent-document.js';

const PRIMARY = { provider: 'openai', model: 'gpt-4o' } as const;
const agent = (more: object, model: object = {}): AgentDefinition => ({ name: 'a', model: { primary: PRIMARY, ...model }, ...more });

it('has the head of a document', () => {
  expect(documentOf(agent({ labels: { team: 'care' }, extra: { metadata: { version: '1.2.0' } } }))).toMatchObject({
    apiVersion: 'astromesh/v1',
    kind: 'Agent',
    metadata: { name: 'a', version: '1.2.0', labels: { team: 'care' } },
  });
});

it.each<[string, AgentDefinition, object]>([
  ['a model, by its routing', agent({}), { model: { primary: PRIMARY, routing: { strategy: 'quality_first' } } }],
  ['another strategy', agent({}, { routing: 'round_robin' }), { model: { routing: { strategy: 'round_robin' } } }],
  ['one fallback', agent({}, { fallback: [PRIMARY] }), { model: { fallback: PRIMARY } }],
  ['more fallbacks', agent({}, { fallback: [PRIMARY, PRIMARY] }), { model: { fallback: PRIMARY, extra: { fallback_2: PRIMARY } } }],
  [
    'an address and a limit in seconds',
    agent({}, { primary: { ...PRIMARY, base_url: 'http://localhost/v1', timeout_ms: 1_500 } }),
    { model: { primary: { ...PRIMARY, endpoint: 'http://localhost/v1', timeout: 1.5 } } },
  ],
  [
    'models by role',
    agent({}, { roles: { planner: { candidates: [PRIMARY], routing: 'cost_optimized' } } }),
    { model: { roles: { planner: { candidates: [PRIMARY], strategy: 'cost_optimized' } } } },
  ],
  ['a description', agent({ description: 'Helps' }), { identity: { description: 'Helps' } }],
  ['who it is', agent({ description: 'x', extra: { identity: { display_name: 'A' } } }), { identity: { display_name: 'A' } }],
  [
    'prompts',
    agent({ instructions: 'Be good.', extra: { prompt_templates: { t: 'x' } } }),
    { prompts: { system: 'Be good.', templates: { t: 'x' } } },
  ],
  [
    'a pattern',
    agent({ orchestration: { pattern: 'react', timeout_ms: 120_000 } }),
    { orchestration: { pattern: 'react', timeout_seconds: 120 } },
  ],
  [
    'tools',
    agent({ tools: ['web_search', { name: 'ask', type: 'client' }] }),
    {
      tools: [
        { name: 'web_search', type: 'builtin' },
        { name: 'ask', type: 'client' },
      ],
    },
  ],
  ['knowledge', agent({ knowledge: { collection: 'docs', top_k: 3 } }), { knowledge: { pipeline: 'docs', top_k: 3 } }],
  [
    'what Astromesh does not know',
    agent({ approvals: [{ tools: ['*'] }], output_repairs: 1 }),
    { approvals: [{ tools: ['*'] }], output_repairs: 1 },
  ],
  ['what is kept without effect', agent({ extra: { spec: { observability: { tracing: true } } } }), { observability: { tracing: true } }],
])('has %s', (_, definition, spec) => {
  expect(documentOf(definition)['spec']).toMatchObject(spec);
});

it('has nothing that the agent has not', () => {
  expect(documentOf(agent({}))['spec']).toEqual({ model: { primary: PRIMARY, routing: { strategy: 'quality_first' } } });
});
