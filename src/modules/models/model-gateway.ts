import { setTimeout as pause } from 'node:timers/promises';
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { Injectable } from '@nestjs/common';
import { StepError } from '../../engine/index.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { DEFAULT_TIMEOUT_MS, LanguageModels } from './language-models.js';
import {
  BudgetRefusal,
  type CostEstimate,
  type Hold,
  type ModelAnswer,
  type ModelAttempt,
  type ModelRequest,
  type TokenUsage,
} from './model-call.js';
import { modelName, type ModelBlock } from './model-config.js';
import { ModelFailure, toModelFailure } from './model-errors.js';
import { ModelsFile } from './models-file.js';
import { costOf, priceOf } from './prices.js';
import { withoutForeign } from './provider-messages.js';
import { Router } from './router.js';
import { StreamedAnswer } from './stream-reader.js';
import { estimatePrompt, estimateTokens } from './token-estimate.js';

const DEFAULT_IDLE_MS = 60_000;
const DEFAULT_ATTEMPTS = 2;
const DEFAULT_INITIAL_DELAY_MS = 250;
const DEFAULT_MAX_DELAY_MS = 5_000;
/** What is reserved for an answer whose length is not limited. */
const ASSUMED_OUTPUT_TOKENS = 4_096;
/** Some texts have more tokens than most: what is reserved for a prompt is more than it usually comes to. */
const RESERVE_FACTOR = 1.5;

/**
 * The one way to models. Asks an agent's models in the order its routing says, each as often as its errors make sense, until
 * one has answered to the end; what failed ones streamed is declared void. Every attempt is paid, counted and told.
 */
@Injectable()
export class ModelGateway {
  constructor(
    private readonly models: LanguageModels,
    private readonly router: Router,
    private readonly breaker: CircuitBreaker,
    private readonly file: ModelsFile,
  ) {}

  /** Throws `StepError('providers_unavailable')` with the reasons, `BudgetRefusal`, or the signal's reason. */
  async generate(request: ModelRequest): Promise<ModelAnswer> {
    const attempts: ModelAttempt[] = [];
    for (const block of await this.router.order(request)) {
      const answer = await this.askPatiently(request, block, attempts);
      if (answer !== null) return answer;
    }
    throw unavailable(attempts);
  }

  /** Asks one model until it answers or is not worth another try. */
  private async askPatiently(request: ModelRequest, block: ModelBlock, attempts: ModelAttempt[]): Promise<ModelAnswer | null> {
    const {
      max_attempts: tries = DEFAULT_ATTEMPTS,
      initial_delay_ms: initial = DEFAULT_INITIAL_DELAY_MS,
      max_delay_ms: longest = DEFAULT_MAX_DELAY_MS,
    } = block.retry ?? {};
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.ask(request, block);
      attempts.push(outcome.attempt);
      if (outcome.answer !== null) return this.answerOf(block, outcome.answer, attempts);
      request.onFailure?.(outcome.attempt);
      if (outcome.said) request.onVoid?.(outcome.attempt);
      const { failure } = outcome;
      const delay = failure.options.retryAfterMs ?? Math.min(initial * 2 ** (attempt - 1), longest);
      if (!failure.isPassing || attempt >= tries || delay > longest) return null;
      await pause(delay, undefined, { signal: request.signal }).catch(() => request.signal.throwIfAborted());
    }
  }

  private async ask(
    request: ModelRequest,
    block: ModelBlock,
  ): Promise<
    | { readonly attempt: ModelAttempt; readonly answer: StreamedAnswer; readonly said: boolean }
    | { readonly attempt: ModelAttempt; readonly answer: null; readonly said: boolean; readonly failure: ModelFailure }
  > {
    const startedAt = performance.now();
    const answer = new StreamedAnswer();
    let hold: Hold | undefined;
    let failure: ModelFailure | null = null;
    let key: string | null = null;
    try {
      hold = await this.admit(request, block);
      const opened = this.models.open(request.tenant, block);
      key = opened.key;
      const limits = { timeoutMs: block.timeout_ms ?? DEFAULT_TIMEOUT_MS, idleMs: block.idle_timeout_ms ?? DEFAULT_IDLE_MS };
      await answer.read(opened.model, callOptions(request, block, hold), limits, (text) => request.onText?.(text));
    } catch (error) {
      if (error instanceof BudgetRefusal) throw error;
      if (!request.signal.aborted) failure = toModelFailure(error, Date.now());
    }
    const durationMs = Math.round(performance.now() - startedAt);
    const usage = this.usageOf(request, block, answer);
    await hold?.settle(usage);
    request.signal.throwIfAborted();
    const attempt: ModelAttempt = {
      provider: block.provider,
      model: block.model,
      status: failure === null ? 'success' : 'failed',
      ...(failure === null ? {} : { error: { class: failure.errorClass, message: masked(failure.message, key), ...statusOf(failure) } }),
      usage,
      duration_ms: durationMs,
      first_token_ms: answer.firstTokenMs,
    };
    if (failure === null) {
      await this.breaker.succeeded(request.tenant, block, answer.firstTokenMs ?? durationMs, Date.now());
      return { attempt, answer, said: answer.text !== '' };
    }
    if (failure.isOutage) await this.breaker.failed(request.tenant, block);
    return { attempt, answer: null, said: answer.text !== '', failure };
  }

  /** What stands against asking this model now. */
  private async admit(request: ModelRequest, block: ModelBlock): Promise<Hold | undefined> {
    const estimate = this.estimate(request, block);
    if (request.needsPrice === true && estimate.costUsd === null) {
      throw new ModelFailure('no_price', `no price of ${modelName(block)} is known, so that no budget in money can be kept`);
    }
    if (!(await this.breaker.admits(request.tenant, block)))
      throw new ModelFailure('circuit_open', 'it failed again and again and is left alone for a while');
    return request.reserve?.(estimate);
  }

  private estimate(request: ModelRequest, block: ModelBlock): CostEstimate {
    const inputTokens = Math.ceil(estimatePrompt(request.messages, request.tools) * RESERVE_FACTOR);
    const outputTokens = block.parameters?.max_tokens ?? ASSUMED_OUTPUT_TOKENS;
    const price = priceOf(this.file.prices, block);
    return {
      inputTokens,
      outputTokens,
      costUsd: costOf(price, inputTokens, outputTokens),
      inputCostUsd: costOf(price, inputTokens, 0),
      costPerOutputToken: costOf(price, 0, 1),
      timeoutMs: block.timeout_ms ?? DEFAULT_TIMEOUT_MS,
    };
  }

  /** As the provider tells it; what it does not tell is estimated, rather too high than too low. */
  private usageOf(request: ModelRequest, block: ModelBlock, answer: StreamedAnswer): TokenUsage {
    const { usage, accepted, text, toolCalls } = answer;
    const input = usage?.inputTokens.total ?? (accepted ? estimatePrompt(request.messages, request.tools) : 0);
    const output =
      usage?.outputTokens.total ?? estimateTokens(text) + (toolCalls.length === 0 ? 0 : estimateTokens(JSON.stringify(toolCalls)));
    const cost = costOf(priceOf(this.file.prices, block), input, output);
    return { input_tokens: input, output_tokens: output, total_tokens: input + output, cost_usd: input + output === 0 ? 0 : cost };
  }

  private answerOf(block: ModelBlock, answer: StreamedAnswer, attempts: readonly ModelAttempt[]): ModelAnswer {
    return {
      text: answer.text,
      toolCalls: answer.toolCalls,
      finishReason: answer.finishReason,
      provider: block.provider,
      model: block.model,
      usage: sumUsage(attempts.map((attempt) => attempt.usage)),
      attempts,
      message: answer.message(),
    };
  }
}

/** Costs that are not known make the sum unknown. */
export function sumUsage(usages: readonly TokenUsage[]): TokenUsage {
  let [input, output] = [0, 0];
  let cost: number | null = 0;
  for (const usage of usages) {
    input += usage.input_tokens;
    output += usage.output_tokens;
    cost = cost === null || usage.cost_usd === null ? null : cost + usage.cost_usd;
  }
  return { input_tokens: input, output_tokens: output, total_tokens: input + output, cost_usd: cost };
}

function callOptions(request: ModelRequest, block: ModelBlock, hold: Hold | undefined): LanguageModelV4CallOptions {
  const { temperature, top_p, top_k, max_tokens, frequency_penalty, presence_penalty, stop, seed, reasoning } = block.parameters ?? {};
  const { tools = [], responseSchema } = request;
  const options: LanguageModelV4CallOptions = {
    prompt: withoutForeign(request.messages, block.provider),
    abortSignal: request.signal,
    temperature,
    topP: top_p,
    topK: top_k,
    maxOutputTokens: longest(max_tokens, hold),
    frequencyPenalty: frequency_penalty,
    presencePenalty: presence_penalty,
    stopSequences: stop === undefined ? undefined : [...stop],
    seed,
    reasoning,
    tools:
      tools.length === 0
        ? undefined
        : tools.map(({ name, description, inputSchema }) => ({ type: 'function', name, description, inputSchema })),
    // Schemas of users need not be what "strict" modes ask for: the answer is checked here in any case.
    responseFormat: responseSchema === undefined || tools.length > 0 ? undefined : { type: 'json', schema: responseSchema, name: 'answer' },
    providerOptions: { openai: { strictJsonSchema: false }, openaiCompatible: { strictJsonSchema: false } },
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as unknown as LanguageModelV4CallOptions;
}

function statusOf({ options }: ModelFailure): { status?: number } {
  return options.status === undefined ? {} : { status: options.status };
}

/** A budget may allow less than the definition; without either, the provider decides. */
function longest(asked: number | undefined, hold: Hold | undefined): number | undefined {
  if (hold === undefined || hold.maxOutputTokens >= (asked ?? ASSUMED_OUTPUT_TOKENS))
    return asked ?? (hold === undefined ? undefined : ASSUMED_OUTPUT_TOKENS);
  return hold.maxOutputTokens;
}

function masked(message: string, key: string | null): string {
  return key === null ? message : message.replaceAll(key, '***');
}

/** No model answered. Says of each why. */
function unavailable(attempts: readonly ModelAttempt[]): StepError {
  const reasons = attempts.map(({ provider, model, error }) => ({
    provider,
    model,
    class: error?.class ?? 'unavailable',
    message: error?.message ?? '',
    ...(error?.status === undefined ? {} : { status: error.status }),
  }));
  const told = reasons.map((reason) => `${reason.provider}/${reason.model}: ${reason.message}`).join('; ');
  return new StepError('providers_unavailable', `no model answered (${told})`, {
    retryable: attempts.some(({ error }) => error !== undefined && new ModelFailure(error.class, '').isPassing),
    details: { reasons, usage: { ...sumUsage(attempts.map((attempt) => attempt.usage)) } },
  });
}
