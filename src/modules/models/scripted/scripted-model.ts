import { setTimeout as pause } from 'node:timers/promises';
import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart, LanguageModelV4Usage } from '@ai-sdk/provider';
import { ModelFailure } from '../model-errors.js';
import { estimatePrompt, estimateTokens } from '../token-estimate.js';
import { answerOf, type ScriptedAnswer, type ScriptRule } from './script.js';

/** Characters of one piece of a streamed reply. */
const PIECE = 12;

/** A model without a model: answers by rules, so that an agent runs without network and key, and always alike. */
export function scriptedModel(modelId: string, rules: readonly ScriptRule[]): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'scripted',
    modelId,
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error('scripted models are streamed')),
    doStream: (options) => {
      const answer = answerOf(rules, options.prompt);
      if (answer === null) {
        return Promise.reject(new ModelFailure('bad_request', `no rule of the script "${modelId}" fits the conversation`));
      }
      return Promise.resolve({ stream: ReadableStream.from(parts(answer, options)) });
    },
  };
}

async function* parts(answer: ScriptedAnswer, options: LanguageModelV4CallOptions): AsyncGenerator<LanguageModelV4StreamPart> {
  const { rule, text, toolCalls } = answer;
  const said = rule.fail === undefined ? text : text.slice(0, rule.fail.after ?? 0);
  if (said !== '') {
    yield { type: 'text-start', id: '0' };
    for (let at = 0; at < said.length; at += PIECE) {
      if (rule.delay_ms !== undefined) await pause(rule.delay_ms, undefined, abortable(options));
      yield { type: 'text-delta', id: '0', delta: said.slice(at, at + PIECE) };
    }
    yield { type: 'text-end', id: '0' };
  } else if (rule.delay_ms !== undefined) {
    await pause(rule.delay_ms, undefined, abortable(options));
  }
  if (rule.fail !== undefined) throw failureOf(rule.fail);
  const turn = options.prompt.filter((message) => message.role === 'assistant').length;
  for (const [index, call] of toolCalls.entries()) {
    yield { type: 'tool-call', toolCallId: `call-${turn}-${index + 1}`, toolName: call.name, input: JSON.stringify(call.input) };
  }
  yield {
    type: 'finish',
    usage: usageOf(answer, options),
    finishReason: { unified: finishOf(answer), raw: undefined },
  };
}

function abortable({ abortSignal }: LanguageModelV4CallOptions): { signal?: AbortSignal } {
  return abortSignal === undefined ? {} : { signal: abortSignal };
}

function failureOf({ status, message = `the script fails with ${status}` }: NonNullable<ScriptRule['fail']>): ModelFailure {
  const errorClass =
    status === 429 ? 'rate_limited' : status >= 500 ? 'unavailable' : status === 401 || status === 403 ? 'auth' : 'bad_request';
  return new ModelFailure(errorClass, message, { status });
}

function finishOf({ rule, toolCalls }: ScriptedAnswer): 'stop' | 'tool-calls' | 'length' | 'content-filter' {
  if (rule.finish === 'length') return 'length';
  if (rule.finish === 'content_filter') return 'content-filter';
  return toolCalls.length > 0 ? 'tool-calls' : 'stop';
}

function usageOf({ text, toolCalls }: ScriptedAnswer, { prompt }: LanguageModelV4CallOptions): LanguageModelV4Usage {
  const input = estimatePrompt(prompt);
  const output = estimateTokens(text) + toolCalls.reduce((sum, call) => sum + estimateTokens(JSON.stringify(call)), 0);
  return {
    inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: output, text: output, reasoning: 0 },
  };
}
