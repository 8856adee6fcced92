import { expect, it } from 'vitest';
import type { AgentDetailDto } from '../../modules/agents/index.js';
import { agentDetail, agentItem } from './agent-views.js';

const agent = (definition: object = {}): AgentDetailDto =>
  ({
    name: 'a',
    version: 3,
    description: null,
    model: 'openai/gpt-4o',
    pattern: 'react',
    tools: ['web_search'],
    status: 'draft',
    definition: { name: 'a', model: { primary: { provider: 'openai', model: 'gpt-4o', base_url: 'http://localhost' } }, ...definition },
  }) as unknown as AgentDetailDto;

it.each([
  [{}, '3', 'default'],
  [{ extra: { metadata: { version: '1.2.0', namespace: 'shop' } } }, '1.2.0', 'shop'],
])('of %j the version is %s, in %s', (definition, version, namespace) => {
  const item = { name: 'a', description: '', model: 'openai/gpt-4o', orchestration: 'react', status: 'draft', version, namespace };
  expect(agentItem(agent(definition))).toEqual(item);
});

it.each([
  ['nothing', {}, { orchestration: { pattern: 'react', max_iterations: 10, timeout: null } }],
  ['its limits', { orchestration: { max_iterations: 3, timeout_ms: 120_000 } }, { orchestration: { max_iterations: 3, timeout: 120 } }],
  ['no memory', {}, { memory: { conversational: null, semantic: null } }],
  ['memory', { memory: { conversational: {} } }, { memory: { conversational: 'postgres', semantic: null } }],
  ['a backend', { memory: { semantic: { backend: 'chroma' } } }, { memory: { conversational: null, semantic: 'chroma' } }],
  ['one model', {}, { model: { primary: { provider: 'openai', model: 'gpt-4o' }, fallback: null, routing: 'quality_first' } }],
])('an agent that says %s is told in short', (_, definition, told) => {
  expect(agentDetail(agent(definition))).toMatchObject({ status: 'draft', tools: ['web_search'], kind: 'Agent', ...told });
});
