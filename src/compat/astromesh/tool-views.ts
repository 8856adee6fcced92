import type { AgentDefinition, AgentDetailDto } from '../../modules/agents/index.js';
import type { ToolDto } from '../../modules/tools/index.js';

interface ToolItem {
  readonly name: string;
  readonly type: 'internal' | 'mcp';
  readonly description: string;
  /** Names of those that have it. */
  readonly agents: string[];
}

/** Registered tools, then those that agents leave to their callers, each with its agents. */
export function toolItems(registered: readonly ToolDto[], agents: readonly AgentDetailDto[]): ToolItem[] {
  const users = new Map<string, string[]>();
  for (const { name, tools } of agents) for (const tool of tools) users.set(tool, [...(users.get(tool) ?? []), name]);
  const known = new Map<string, ToolItem>();
  for (const { name, source, description } of registered) {
    known.set(name, { name, type: source === 'mcp' ? 'mcp' : 'internal', description, agents: users.get(name) ?? [] });
  }
  for (const { name, description } of agents.flatMap(clientTools)) {
    if (!known.has(name)) known.set(name, { name, type: 'internal', description, agents: users.get(name) ?? [] });
  }
  return [...known.values()];
}

function clientTools({ definition }: AgentDetailDto): { name: string; description: string }[] {
  const { tools = [] } = definition as AgentDefinition;
  return tools.flatMap((tool) =>
    typeof tool === 'object' && tool.type === 'client' ? [{ name: tool.name, description: tool.description ?? '' }] : [],
  );
}
