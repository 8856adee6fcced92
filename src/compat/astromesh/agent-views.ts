import type { JsonObject } from '../../engine/index.js';
import type { AgentDefinition, AgentDetailDto } from '../../modules/agents/index.js';
import { documentOf, secondsOf } from './agent-document.js';

const DEFAULT_MAX_ITERATIONS = 10;
const DEFAULT_NAMESPACE = 'default';
/** Where sessions and semantic memory are, when the agent does not name another backend. */
const BACKEND = 'postgres';

export function agentItem({ name, description, model, pattern, status, ...agent }: AgentDetailDto): object {
  return { name, description: description ?? '', model, orchestration: pattern, status, ...scopeOf(agent) };
}

/** An agent in short, and beside that as a document. */
export function agentDetail(agent: AgentDetailDto): object {
  const definition = agent.definition as AgentDefinition;
  const { memory } = definition;
  return {
    name: agent.name,
    description: agent.description ?? '',
    model: modelOf(definition),
    orchestration: orchestrationOf(agent, definition),
    tools: agent.tools,
    memory: { conversational: backendOf(memory?.conversational), semantic: backendOf(memory?.semantic) },
    status: agent.status,
    ...scopeOf(agent),
    ...documentOf(definition),
  };
}

/** As its document says; of an agent that came otherwise, its version here. */
function scopeOf({ version, definition }: Pick<AgentDetailDto, 'version' | 'definition'>): { version: string; namespace: string } {
  const { version: named, namespace } = ((definition as AgentDefinition).extra?.['metadata'] ?? {}) as JsonObject;
  return {
    version: typeof named === 'string' ? named : String(version),
    namespace: typeof namespace === 'string' ? namespace : DEFAULT_NAMESPACE,
  };
}

function modelOf({ model: { primary, fallback = [], routing = 'quality_first' } }: AgentDefinition): object {
  const [first] = fallback;
  const named = ({ provider, model }: AgentDefinition['model']['primary']): object => ({ provider, model });
  return { primary: named(primary), fallback: first === undefined ? null : named(first), routing };
}

function orchestrationOf({ pattern }: AgentDetailDto, { orchestration = {} }: AgentDefinition): object {
  const { max_iterations = DEFAULT_MAX_ITERATIONS, timeout_ms: timeout } = orchestration;
  return { pattern, max_iterations, timeout: secondsOf(timeout) ?? null };
}

function backendOf(memory: object | undefined): string | null {
  if (memory === undefined) return null;
  return 'backend' in memory && typeof memory.backend === 'string' ? memory.backend : BACKEND;
}
