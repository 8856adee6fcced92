import { expect, it } from 'vitest';
import type { AgentDetailDto } from '../../modules/agents/index.js';
import type { ToolDto } from '../../modules/tools/index.js';
import { toolItems } from './tool-views.js';

const tool = (name: string, source: string): ToolDto => ({ name, source, description: `The ${name}` }) as ToolDto;
const agent = (name: string, ...tools: (string | { name: string; type: string; description?: string })[]): AgentDetailDto =>
  ({
    name,
    tools: tools.map((each) => (typeof each === 'string' ? each : each.name)),
    definition: { tools },
  }) as unknown as AgentDetailDto;

it('are internal, or of an MCP server, each with the agents that have it', () => {
  const registered = [tool('search', 'builtin'), tool('files', 'mcp'), tool('docs', 'collection')];
  expect(toolItems(registered, [agent('a', 'search', 'files'), agent('b', 'search')])).toEqual([
    { name: 'search', type: 'internal', description: 'The search', agents: ['a', 'b'] },
    { name: 'files', type: 'mcp', description: 'The files', agents: ['a'] },
    { name: 'docs', type: 'internal', description: 'The docs', agents: [] },
  ]);
});

it('may be those of callers, which only agents name', () => {
  const own = { name: 'own', type: 'client', description: 'Mine' };
  expect(toolItems([tool('search', 'builtin')], [agent('a', own, { name: 'search', type: 'client' }), agent('b', own)])).toEqual([
    { name: 'search', type: 'internal', description: 'The search', agents: ['a'] },
    { name: 'own', type: 'internal', description: 'Mine', agents: ['a', 'b'] },
  ]);
});
