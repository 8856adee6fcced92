import { Injectable } from '@nestjs/common';
import { isJsonObject, type JsonObject } from '../../../engine/index.js';
import type { ChatMessage, ModelToolCall } from '../../models/index.js';
import { AgentQueries } from '../agent-queries.js';
import { DEFAULT_MAX_ITERATIONS } from '../definition/agent-definition.js';
import type { AgentRun } from '../loop/agent-run.js';
import { ModelTurns } from '../loop/model-turns.js';
import { refuseBroken } from '../loop/react-loop.js';
import { stop } from '../loop/stop.js';
import { parseLoosely } from '../loop/structured-output.js';
import { ToolBox, type EquippedTool } from '../loop/tool-box.js';
import { ToolCalls } from '../loop/tool-calls.js';
import { agentTool } from '../tools/agent-tool.js';
import { type PatternRunner, type PatternTask, system, user } from './pattern.js';

const WORKER_TIMEOUT_MS = 3_600_000;

/** A model that does nothing itself: it gives tasks to agents, sees their results, and says when the work is done. */
@Injectable()
export class SupervisorPattern implements PatternRunner {
  constructor(
    private readonly models: ModelTurns,
    private readonly tools: ToolCalls,
    private readonly agents: AgentQueries,
  ) {}

  async run(run: AgentRun, task: PatternTask): Promise<{ readonly text: string }> {
    const team = await this.team(run);
    const supervisor = run.as(run.agent, new ToolBox(team, run.tools.approvals));
    const messages: ChatMessage[] = [system(task.system, rulesFor(team)), ...task.history, user(task.query)];
    const limit = run.definition.orchestration?.max_iterations ?? DEFAULT_MAX_ITERATIONS;
    for (let turn = 1; turn <= limit; turn++) {
      const answer = await this.models.ask(supervisor, `turn-${turn}/model`, { role: 'supervisor', messages, speaks: false });
      refuseBroken(answer);
      messages.push(answer.message);
      const said = parseLoosely(answer.text);
      if (!isJsonObject(said) || said['delegate'] === undefined) {
        const text = isJsonObject(said) && said['final_answer'] !== undefined ? textOf(said['final_answer']) : answer.text;
        const more = await task.onAnswer({ ...answer, text }, turn);
        if (more === null) return { text };
        messages.push(...more);
        continue;
      }
      messages.push(user(await this.delegate(supervisor, turn, said)));
    }
    throw stop('max_iterations', `the supervisor was not done after ${limit} turns`);
  }

  private async delegate(run: AgentRun, turn: number, said: JsonObject): Promise<string> {
    const name = String(said['delegate']);
    const call: ModelToolCall = { id: `delegate-${turn}`, name, input: { query: textOf(said['task'] ?? '') } };
    const [result] = await this.tools.run(run, `turn-${turn}`, [call]);
    if (result === undefined) return '';
    return `${result.isError ? 'Failure' : 'Result'} of ${name}:\n${textOf(result.output)}`;
  }

  /** The agents that work is given to, by name. */
  private async team(run: AgentRun): Promise<ReadonlyMap<string, EquippedTool>> {
    const team = new Map<string, EquippedTool>();
    for (const { agent, description } of run.definition.orchestration?.agents ?? []) {
      const known = await this.agents.find(run.call.run.tenant, agent);
      if (known === null) continue;
      const tool = agentTool(known.id, agent, description ?? known.definition.description);
      team.set(agent, {
        name: agent,
        description: tool.description,
        inputSchema: tool.inputSchema,
        tool,
        config: {},
        timeoutMs: WORKER_TIMEOUT_MS,
        rateLimit: null,
      });
    }
    return team;
  }
}

function rulesFor(team: ReadonlyMap<string, EquippedTool>): string {
  const list = [...team.values()].map(({ name, description }) => `- ${name}: ${description}`).join('\n');
  return `You lead a team and do none of the work yourself. Your team:\n${list}\n\nAnswer with JSON only: {"delegate": "<name>", "task": "<complete in itself>"} to have something done, or {"final_answer": …} when the work is done.`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
