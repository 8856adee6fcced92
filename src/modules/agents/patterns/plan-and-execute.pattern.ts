import { Injectable } from '@nestjs/common';
import { isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';
import type { AgentRun } from '../loop/agent-run.js';
import { ModelTurns } from '../loop/model-turns.js';
import { ReactLoop, refuseBroken } from '../loop/react-loop.js';
import { stop } from '../loop/stop.js';
import { parseLoosely } from '../loop/structured-output.js';
import { inOrder } from './in-order.js';
import { type PatternRunner, type PatternTask, system, user } from './pattern.js';

const MAX_STEPS = 20;
const ID = /^[A-Za-z0-9_-]{1,40}$/;

interface PlanStep {
  readonly id: string;
  readonly description: string;
  readonly needs: readonly string[];
}

const PLAN_SCHEMA: JsonObject = {
  type: 'object',
  required: ['steps'],
  properties: {
    steps: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_STEPS,
      items: {
        type: 'object',
        required: ['step', 'description'],
        properties: {
          step: { type: ['string', 'integer'], description: 'Short and unique.' },
          description: { type: 'string', description: 'What to do, complete in itself.' },
          tool: { type: ['string', 'null'], description: 'A tool that helps.' },
          depends_on: { type: 'array', items: { type: ['string', 'integer'] }, description: 'Steps whose results this one needs.' },
        },
      },
    },
  },
};

/** A planner divides the task, workers do the parts, each as soon as what it depends on is done, and a synthesizer answers. */
@Injectable()
export class PlanAndExecutePattern implements PatternRunner {
  constructor(
    private readonly models: ModelTurns,
    private readonly loop: ReactLoop,
  ) {}

  async run(run: AgentRun, task: PatternTask): Promise<{ readonly text: string }> {
    const steps = await this.plan(run, task);
    const results = await inOrder<PlanStep, string>(steps, run.definition.orchestration?.max_parallel ?? 8, (step, done) =>
      this.work(run, task, step, done),
    );
    const told = steps.map(({ id, description }) => `Step ${id} (${description}):\n${results.get(id) ?? ''}`).join('\n\n');
    return this.loop.run(run, {
      prefix: 'answer/',
      role: 'synthesizer',
      messages: [
        system(task.system, 'Answer the task from the results of the steps that were taken for it.'),
        ...task.history,
        user(`${task.query}\n\n${told}`),
      ],
      speaks: true,
      schema: task.schema,
      onAnswer: task.onAnswer,
    });
  }

  private async plan(run: AgentRun, task: PatternTask): Promise<readonly PlanStep[]> {
    const tools = run.tools.forModels().map(({ name, description }) => `- ${name}: ${description}`);
    const asked = [
      'Divide the task into steps that others will take. Steps that do not depend on each other are taken at the same time.',
      tools.length === 0 ? '' : `These tools are there:\n${tools.join('\n')}`,
      `Answer with JSON only, by this schema: ${JSON.stringify(PLAN_SCHEMA)}`,
    ];
    const answer = await this.models.ask(run, 'plan/model', {
      role: 'planner',
      messages: [system(task.system, ...asked), ...task.history, user(task.query)],
      schema: PLAN_SCHEMA,
      speaks: false,
    });
    refuseBroken(answer);
    return readPlan(parseLoosely(answer.text)) ?? [{ id: '1', description: task.query, needs: [] }];
  }

  private async work(run: AgentRun, task: PatternTask, step: PlanStep, done: ReadonlyMap<string, string>): Promise<string> {
    const known = step.needs.map((id) => `Result of step ${id}:\n${done.get(id) ?? ''}`);
    const { text } = await this.loop.run(run, {
      prefix: `step-${step.id}/`,
      role: 'worker',
      messages: [
        system(task.system, `You take one step of a larger task, which is: ${task.query}`),
        user([step.description, ...known].join('\n\n')),
      ],
      speaks: false,
    });
    return text;
  }
}

/** Null for what is no plan at all. A plan that cannot be carried out throws `invalid_plan`. */
function readPlan(value: Json | undefined): readonly PlanStep[] | null {
  const listed = isJsonObject(value) ? value['steps'] : value;
  if (!Array.isArray(listed) || listed.length === 0) return null;
  if (listed.length > MAX_STEPS) throw stop('invalid_plan', `the plan has ${listed.length} steps; ${MAX_STEPS} are allowed`);
  const steps = listed.map((entry, index): PlanStep => {
    if (!isJsonObject(entry)) return { id: String(index + 1), description: String(entry), needs: [] };
    const id = String(entry['step'] ?? index + 1);
    const needs = Array.isArray(entry['depends_on']) ? entry['depends_on'].map(String) : [];
    const hint = typeof entry['tool'] === 'string' && entry['tool'] !== '' ? `\n(Tool: ${entry['tool']})` : '';
    return { id: ID.test(id) ? id : String(index + 1), description: `${String(entry['description'] ?? id)}${hint}`, needs };
  });
  const ids = new Set(steps.map(({ id }) => id));
  if (ids.size < steps.length) throw stop('invalid_plan', 'the plan has two steps of one name');
  const unknown = steps.flatMap(({ needs }) => needs).find((id) => !ids.has(id));
  if (unknown !== undefined) throw stop('invalid_plan', `the plan depends on a step "${unknown}" that it does not have`);
  return steps;
}
