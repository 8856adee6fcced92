import { Injectable } from '@nestjs/common';
import { type JsonObject, StepError } from '../../../engine/index.js';
import { type RunTool, type Tool, ToolRegistry } from '../../tools/index.js';
import { AgentQueries } from '../agent-queries.js';
import type { AgentDefinition, AgentTool } from '../definition/agent-definition.js';
import { namesTool } from '../definition/approval-rule.js';
import { objectSchema } from '../definition/short-schema.js';
import { agentTool } from '../tools/agent-tool.js';
import { type EquippedTool, ToolBox } from './tool-box.js';

const DEFAULT_TIMEOUT_MS = 120_000;
const NO_ARGUMENTS: JsonObject = { type: 'object', properties: {} };

/** Equips agents with the tools that their definitions name. */
@Injectable()
export class ToolEquipment {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly agents: AgentQueries,
  ) {}

  /** Throws `StepError('unknown_tool')` for a tool that there is not, and `invalid_config` for settings that do not fit. */
  async equip(tenant: string, definition: AgentDefinition): Promise<ToolBox> {
    const allowed = definition.permissions?.allowed_actions;
    const tools = new Map<string, EquippedTool>();
    for (const entry of definition.tools ?? []) {
      const tool = typeof entry === 'string' ? { name: entry } : entry;
      // A definition may name more than its permissions allow.
      if (allowed !== undefined && allowed.length > 0 && !allowed.some((pattern) => namesTool(pattern, tool.name))) continue;
      tools.set(tool.name, await this.equipped(tenant, tool));
    }
    const { knowledge } = definition;
    if (knowledge !== undefined && !tools.has('rag_query')) {
      const config = { collection: knowledge.collection, ...(knowledge.top_k === undefined ? {} : { top_k: knowledge.top_k }) };
      tools.set('rag_query', await this.equipped(tenant, { name: 'rag_query', config }));
    }
    return new ToolBox(tools, definition.approvals ?? []);
  }

  private async equipped(tenant: string, entry: AgentTool): Promise<EquippedTool> {
    const { name, type, description, parameters, config = {}, timeout_ms: timeoutMs = DEFAULT_TIMEOUT_MS, rate_limit: limit } = entry;
    const tool = type === 'client' ? null : await this.find(tenant, entry);
    if (tool !== null) {
      const [fault] = this.registry.checkConfig(tool, config);
      if (fault !== undefined)
        throw new StepError('invalid_config', `the tool ${name}: ${fault.path} ${fault.message}`, { retryable: false });
    }
    return {
      name,
      description: description ?? tool?.description ?? '',
      inputSchema: tool?.inputSchema ?? (parameters === undefined ? NO_ARGUMENTS : objectSchema(parameters)),
      tool,
      config,
      timeoutMs,
      rateLimit: limit === undefined ? null : { windowSeconds: limit.window_seconds ?? 60, maxCalls: limit.max_calls ?? 10 },
    };
  }

  private async find(tenant: string, { name, type, agent = name }: AgentTool): Promise<Tool> {
    const tool = type === 'agent' ? await this.agentTool(tenant, agent) : await this.registry.find(tenant, name);
    if (tool === null)
      throw new StepError('unknown_tool', `there is no ${type === 'agent' ? 'agent' : 'tool'} "${type === 'agent' ? agent : name}"`, {
        retryable: false,
      });
    return tool;
  }

  private async agentTool(tenant: string, name: string): Promise<RunTool | null> {
    const agent = await this.agents.find(tenant, name);
    return agent === null ? null : agentTool(agent.id, name, agent.definition.description);
  }
}
