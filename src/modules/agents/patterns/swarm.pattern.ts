import { Injectable } from '@nestjs/common';
import { isJsonObject } from '../../../engine/index.js';
import type { ChatMessage } from '../../models/index.js';
import type { AgentRun } from '../loop/agent-run.js';
import { AgentCatalog } from '../loop/agent-catalog.js';
import { instructionsOf } from '../loop/instructions.js';
import { ReactLoop } from '../loop/react-loop.js';
import { stop } from '../loop/stop.js';
import { parseLoosely } from '../loop/structured-output.js';
import { ToolEquipment } from '../loop/tool-equipment.js';
import { type PatternRunner, type PatternTask, system, user } from './pattern.js';

const MAX_HANDOFFS = 20;

/** Agents that hand the conversation over to each other; whoever has it uses its own instructions, models and tools. */
@Injectable()
export class SwarmPattern implements PatternRunner {
  constructor(
    private readonly loop: ReactLoop,
    private readonly catalog: AgentCatalog,
    private readonly equipment: ToolEquipment,
  ) {}

  async run(run: AgentRun, task: PatternTask): Promise<{ readonly text: string; readonly finalAgent: string }> {
    const members = [
      { agent: run.agent.name, description: run.definition.description ?? '' },
      ...(run.definition.orchestration?.agents ?? []),
    ];
    let active = run;
    let told = task.system;
    let conversation: readonly ChatMessage[] = [...task.history, user(task.query)];
    for (let handoff = 0; handoff <= MAX_HANDOFFS; handoff++) {
      const others = members.filter(({ agent }) => agent !== active.agent.name);
      let next: { readonly agent: string; readonly context: string } | null = null;
      const outcome = await this.loop.run(active, {
        prefix: handoff === 0 ? '' : `handoff-${handoff}/`,
        role: 'reasoner',
        messages: [system(told, rulesFor(others)), ...conversation],
        speaks: true,
        schema: undefined,
        onAnswer: async (answer, turn) => {
          next = readHandoff(answer.text, others);
          return next === null ? task.onAnswer(answer, turn) : null;
        },
      });
      if (next === null) return { text: outcome.text, finalAgent: active.agent.name };
      const { agent, context } = next as { readonly agent: string; readonly context: string };
      conversation = [...outcome.messages.slice(1), user(`${active.agent.name} handed over to you. ${context}`)];
      active = await this.takeOver(run, handoff + 1, agent);
      const values = { context: run.request.context, ...run.request.context };
      told = await instructionsOf(run.call, `handoff-${handoff + 1}/instructions`, active.definition.instructions ?? '', values);
    }
    throw stop('max_iterations', `the conversation was handed over more than ${MAX_HANDOFFS} times`);
  }

  /** The version that takes over is fixed once it has. */
  private async takeOver(run: AgentRun, handoff: number, name: string): Promise<AgentRun> {
    const { tenant } = run.call.run;
    if (name === run.agent.name) return run;
    const found = await run.call.step(`handoff-${handoff}/agent`, { type: 'agent.handoff' }, async () => {
      const { versionId } = await this.catalog.version(tenant, name);
      return { agent: name, version_id: versionId };
    });
    const agent = await this.catalog.load((found as { version_id: string }).version_id);
    return run.as(agent, await this.equipment.equip(tenant, agent.definition));
  }
}

function rulesFor(others: readonly { readonly agent: string; readonly description?: string }[]): string {
  const list = others.map(({ agent, description = '' }) => `- ${agent}: ${description}`).join('\n');
  return `If another agent is better suited, hand over to it by answering with JSON only: {"handoff": "<name>", "context": "<what it has to know>"}. The others:\n${list}`;
}

function readHandoff(
  text: string,
  others: readonly { readonly agent: string }[],
): { readonly agent: string; readonly context: string } | null {
  const said = text.includes('handoff') ? parseLoosely(text) : undefined;
  if (!isJsonObject(said) || typeof said['handoff'] !== 'string') return null;
  const { handoff, context } = said;
  if (!others.some(({ agent }) => agent === handoff)) return null;
  return { agent: handoff, context: typeof context === 'string' ? context : JSON.stringify(context ?? '') };
}
