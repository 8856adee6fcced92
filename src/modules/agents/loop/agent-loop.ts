import { Injectable } from '@nestjs/common';
import { type DurableCall, type Json, type JsonObject, isJsonObject, RunStoppedError, StepError } from '../../../engine/index.js';
import { AgentMemory } from '../../memory/index.js';
import type { ChatMessage } from '../../models/index.js';
import { BudgetPlan } from '../budgets/budget-plan.js';
import { DEFAULT_OUTPUT_REPAIRS, type Pattern } from '../definition/agent-definition.js';
import { guard } from '../guardrails/guardrails.js';
import { ParallelFanOutPattern } from '../patterns/parallel-fan-out.pattern.js';
import type { PatternRunner } from '../patterns/pattern.js';
import { user } from '../patterns/pattern.js';
import { PipelinePattern } from '../patterns/pipeline.pattern.js';
import { PlanAndExecutePattern } from '../patterns/plan-and-execute.pattern.js';
import { ReactPattern } from '../patterns/react.pattern.js';
import { SupervisorPattern } from '../patterns/supervisor.pattern.js';
import { SwarmPattern } from '../patterns/swarm.pattern.js';
import { AgentRun, type AgentRequest, type LoadedAgent, type SaidBefore } from './agent-run.js';
import { instructionsOf } from './instructions.js';
import { ModelTurns, type RecordedAnswer } from './model-turns.js';
import { SessionTurn } from './session.js';
import { isStopReason, stop } from './stop.js';
import { parseOutput, repairRequest, schemaInstructions } from './structured-output.js';
import { Tally } from './tally.js';
import { ToolEquipment } from './tool-equipment.js';

/** One agent's work within a step of a run: guardrails, memory, pattern, form of the answer. */
@Injectable()
export class AgentLoop {
  private readonly patterns: Readonly<Record<Pattern, PatternRunner>>;

  constructor(
    private readonly equipment: ToolEquipment,
    private readonly budgets: BudgetPlan,
    private readonly models: ModelTurns,
    react: ReactPattern,
    planAndExecute: PlanAndExecutePattern,
    parallelFanOut: ParallelFanOutPattern,
    pipeline: PipelinePattern,
    supervisor: SupervisorPattern,
    swarm: SwarmPattern,
    private readonly memory: AgentMemory,
  ) {
    this.patterns = { react, plan_and_execute: planAndExecute, parallel_fan_out: parallelFanOut, pipeline, supervisor, swarm };
  }

  /** The answer, as `POST /agents/{name}/run` gives it. Fails with a `StopReason` for a code, and what there is in its details. */
  async run(call: DurableCall, agent: LoadedAgent, asked: AgentRequest): Promise<JsonObject> {
    const startedAt = await call.startedAt();
    const tally = new Tally();
    try {
      const request = { ...asked, query: checkedQuery(call, agent, asked.query) };
      const tools = await this.equipment.equip(call.run.tenant, agent.definition);
      const budget = await this.budgets.budgetFor(call.run.tenant, call.run.id, agent, request);
      const limits = { timeoutMs: agent.definition.orchestration?.timeout_ms ?? null, wallTimeMs: budget.runTimeMs };
      const run = new AgentRun(call, agent, request, tools, tally, budget, startedAt, limits);
      const answer = await this.inSession(run);
      return {
        run_id: call.run.id,
        ...answer,
        session_id: request.session,
        ...tally.summary(startedAt, Date.now()),
        stop_reason: 'completed',
        agent: { name: agent.name, version: agent.version },
      };
    } catch (error) {
      throw told(error, agent, asked, tally, startedAt);
    }
  }

  private async inSession(run: AgentRun): Promise<JsonObject> {
    const { session } = run.request;
    const { memory } = run.definition;
    if (session === null || memory === undefined) return (await this.answer(run, null)).answer;
    const turn = await SessionTurn.begin(this.memory, run, session);
    try {
      const { answer, said } = await this.answer(run, turn);
      const used = run.tally.toolUses.map(({ tool }) => tool);
      const metadata = used.length === 0 ? {} : { metadata: { tools: used } };
      await turn.finish(
        [
          { role: 'user', content: run.request.query },
          { role: 'assistant', content: said, ...metadata },
        ],
        this.models,
      );
      return answer;
    } catch (error) {
      // A run that is being stopped holds nothing any more, and takes no further steps.
      if (!(error instanceof RunStoppedError) && !run.call.signal.aborted) await turn.abandon();
      throw error;
    }
  }

  private async answer(run: AgentRun, turn: SessionTurn | null): Promise<{ readonly answer: JsonObject; readonly said: string }> {
    const { definition, request } = run;
    const { output_schema: schema, output_repairs: repairs = DEFAULT_OUTPUT_REPAIRS } = definition;
    const values = {
      context: request.context,
      query: request.query,
      session_id: request.session,
      agent: { name: run.agent.name },
      ...request.context,
    };
    const instructions = await instructionsOf(run.call, 'instructions', request.instructions ?? definition.instructions ?? '', values);
    const parts = [instructions, turn?.remembered() ?? '', schema === undefined ? '' : schemaInstructions(schema)];
    let data: Json | undefined;
    let repaired = 0;
    const onAnswer = (answer: RecordedAnswer): Promise<readonly ChatMessage[] | null> => {
      if (schema === undefined) return Promise.resolve(null);
      const parsed = parseOutput(answer.text, schema);
      if ('data' in parsed) {
        ({ data } = parsed);
        return Promise.resolve(null);
      }
      repaired += 1;
      if (repaired > repairs)
        throw stop('invalid_output', `the answer does not fit the schema after ${repairs} repairs`, {
          faults: parsed.faults as unknown as Json,
          partial: answer.text,
        });
      return Promise.resolve([user(repairRequest(parsed.faults))]);
    };
    const pattern = this.patterns[definition.orchestration?.pattern ?? 'react'];
    const outcome = await pattern.run(run, {
      system: parts.filter((part) => part !== '').join('\n\n'),
      history: [...request.history.map(spoken), ...(turn?.history() ?? [])],
      query: request.query,
      schema,
      onAnswer,
    });
    const text = await this.guarded(run, outcome.text);
    // What was redacted from the text must not be in the data either.
    const shown = data === undefined || text === outcome.text || schema === undefined ? data : dataOf(text, schema);
    const answer: JsonObject = {
      response: text,
      ...(shown === undefined ? {} : { data: shown }),
      ...(outcome.finalAgent === undefined ? {} : { final_agent: outcome.finalAgent }),
    };
    return { answer, said: text };
  }

  /** The answer as it may leave; with guardrails it is streamed only now. */
  private async guarded(run: AgentRun, text: string): Promise<string> {
    const guardrails = run.definition.guardrails?.output ?? [];
    if (guardrails.length === 0) return text;
    const checked = guard(text, guardrails);
    const applied = [...checked.applied];
    await run.call.step('answer', { type: 'agent.guardrails' }, (step) => {
      if (checked.blocked === null) step.emit('token', { text: checked.text, role: 'answer' });
      if (applied.length > 0) step.log('warn', 'guardrails applied to the answer', { guardrails: applied });
      return Promise.resolve({ guardrails: applied });
    });
    if (checked.blocked !== null)
      throw stop('guardrail_blocked', `the answer ${checked.blocked.message}`, { direction: 'output', guardrail: checked.blocked.type });
    return checked.text;
  }
}

function spoken({ role, content }: SaidBefore): ChatMessage {
  return { role, content: [{ type: 'text', text: content }] };
}

function dataOf(text: string, schema: JsonObject): Json {
  const parsed = parseOutput(text, schema);
  if ('data' in parsed) return parsed.data;
  throw stop('guardrail_blocked', 'the answer no longer fits the schema once the guardrails are applied', { direction: 'output' });
}

function checkedQuery(call: DurableCall, agent: LoadedAgent, query: string): string {
  const guardrails = agent.definition.guardrails?.input ?? [];
  const { text, blocked } = guard(query, guardrails);
  if (blocked === null) return text;
  call.log('warn', 'a guardrail blocked the query', { guardrail: blocked.type });
  throw stop('guardrail_blocked', `the query ${blocked.message}`, { direction: 'input', guardrail: blocked.type });
}

/** A failure with all there is: a limit is no success, but what was done and paid is not lost. */
function told(error: unknown, agent: LoadedAgent, request: AgentRequest, tally: Tally, startedAt: number): unknown {
  if (!(error instanceof StepError)) return error;
  const details = isJsonObject(error.details) ? error.details : error.details === undefined ? {} : { cause: error.details };
  const spent = details['usage'];
  if (isJsonObject(spent)) tally.spent(spent as never);
  return new StepError(error.code, error.message, {
    retryable: error.retryable,
    cause: error,
    details: {
      ...details,
      stop_reason: isStopReason(error.code) ? error.code : 'error',
      session_id: request.session,
      ...tally.summary(startedAt, Date.now()),
      ...(tally.lastText === '' ? {} : { partial: tally.lastText }),
      agent: { name: agent.name, version: agent.version },
    },
  });
}
