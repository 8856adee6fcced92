import { Injectable } from '@nestjs/common';
import { type Json, type JsonObject, type NodeCall, isJsonObject } from '../../../engine/index.js';
import {
  BudgetRefusal,
  type ChatMessage,
  type ModelAnswer,
  type ModelAttempt,
  ModelGateway,
  modelName,
  type TokenUsage,
  type ModelTool,
  type ModelToolCall,
  type FinishReason,
} from '../../models/index.js';
import type { AgentRun } from './agent-run.js';
import { stop } from './stop.js';
import { TokenStream } from './token-stream.js';

export interface Question {
  /** Who speaks: decides which models are asked, and is told with the tokens. */
  readonly role: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ModelTool[];
  readonly schema?: JsonObject | undefined;
  /** Whether what is said is for the user: then it is streamed. */
  readonly speaks: boolean;
}

/** A model's answer, as the journal has it. */
export interface RecordedAnswer {
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly finishReason: FinishReason;
  /** To go on with. */
  readonly message: ChatMessage;
}

/** Model calls of agents, each a journaled step: whatever dies, a call that was finished is never paid again. */
@Injectable()
export class ModelTurns {
  constructor(private readonly gateway: ModelGateway) {}

  /** Asks a model; `key` is the step's path within the agent. */
  async ask(run: AgentRun, key: string, question: Question): Promise<RecordedAnswer> {
    const choice = run.choice(question.role);
    const inputs: JsonObject = {
      agent: run.agent.name,
      role: question.role,
      models: choice.candidates.map(modelName),
      messages: question.messages.length,
      tools: (question.tools ?? []).map(({ name }) => name),
    };
    let replayed = true;
    const recorded = (await run.call.step(key, { type: 'agent.model', inputs }, async (step) => {
      replayed = false;
      const { signal, done } = run.within(step.signal);
      try {
        return record(await this.generate(step, run, question, signal));
      } finally {
        done();
      }
    })) as unknown as ModelRecord;
    if (replayed) run.budget.replayed(recorded.usage);
    run.tally.answered({ role: question.role, ...recorded });
    return answerOf(recorded);
  }

  private async generate(step: NodeCall, run: AgentRun, question: Question, signal: AbortSignal): Promise<ModelAnswer> {
    const { role, messages, tools, schema, speaks } = question;
    const streams = speaks && (run.definition.guardrails?.output ?? []).length === 0;
    const tokens = new TokenStream(step, role);
    const time = new AbortController();
    if (streams && step.interrupted) tokens.takeBack('interrupted');
    try {
      return await this.gateway.generate({
        tenant: run.call.run.tenant,
        choice: run.choice(role),
        messages,
        ...(tools === undefined ? {} : { tools }),
        responseSchema: schema,
        needsPrice: run.budget.limitsMoney,
        ...(run.budget.limitsModels
          ? { reserve: (estimate) => run.budget.reserve(step.path, estimate, (error) => time.abort(error)) }
          : {}),
        signal: AbortSignal.any([signal, time.signal]),
        ...(streams
          ? {
              onText: (text) => tokens.add(text),
              onVoid: ({ provider, model, error }) => tokens.takeBack(`${provider}/${model}: ${error?.class ?? 'failed'}`),
            }
          : {}),
        onFailure: ({ provider, model, error, usage }) => {
          step.log('warn', `${provider}/${model} failed: ${error?.message ?? ''}`, { class: error?.class ?? null, usage: { ...usage } });
        },
      });
    } catch (error) {
      throw error instanceof BudgetRefusal ? stop('budget_exceeded', error.message, error.details) : error;
    } finally {
      tokens.flush();
    }
  }
}

interface ModelRecord {
  readonly text: string;
  readonly tool_calls: readonly ModelToolCall[];
  readonly finish_reason: FinishReason;
  readonly provider: string;
  readonly model: string;
  readonly usage: TokenUsage;
  readonly attempts: readonly ModelAttempt[];
  readonly duration_ms: number;
  /** Only of answers that hold more than text and calls of tools. */
  readonly message?: ChatMessage;
}

function record(answer: ModelAnswer): Json {
  const { text, toolCalls, finishReason, provider, model, usage, attempts, message } = answer;
  const plain = messageOf(text, toolCalls);
  return {
    text,
    tool_calls: toolCalls as unknown as Json,
    finish_reason: finishReason,
    provider,
    model,
    usage: { ...usage },
    attempts: attempts as unknown as Json,
    duration_ms: attempts.reduce((sum, attempt) => sum + attempt.duration_ms, 0),
    ...(JSON.stringify(plain) === JSON.stringify(message) ? {} : { message: message as unknown as Json }),
  };
}

function answerOf(recorded: ModelRecord): RecordedAnswer {
  const { text, tool_calls: toolCalls, finish_reason: finishReason, message = messageOf(text, toolCalls) } = recorded;
  return { text, toolCalls, finishReason, message };
}

function messageOf(text: string, toolCalls: readonly ModelToolCall[]): ChatMessage {
  return {
    role: 'assistant',
    content: [
      ...(text === '' ? [] : [{ type: 'text' as const, text }]),
      ...toolCalls.map(({ id, name, input, metadata }) => ({
        type: 'tool-call' as const,
        toolCallId: id,
        toolName: name,
        input: input ?? {},
        ...(isJsonObject(metadata) ? { providerOptions: metadata as Record<string, JsonObject> } : {}),
      })),
    ],
  };
}
