import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import { isJsonObject, type Json, type JsonObject } from '../../engine/index.js';
import type { ChatMessage, FinishReason, ModelToolCall } from './model-call.js';
import { ModelFailure, ofStreamError } from './model-errors.js';

export interface StreamLimits {
  readonly timeoutMs: number;
  readonly idleMs: number;
}

/** What one call to a model has come to, finished or not. */
export class StreamedAnswer {
  text = '';
  readonly toolCalls: ModelToolCall[] = [];
  finishReason: FinishReason = 'other';
  usage: LanguageModelV4Usage | null = null;
  /** Whether the provider took the request: from then on it may be charged. */
  accepted = false;
  firstTokenMs: number | null = null;
  private reasoning: { text: string; metadata: SharedV4ProviderMetadata | undefined }[] = [];
  private textMetadata: SharedV4ProviderMetadata | undefined;
  private finished = false;

  /** Reads the model's answer to its end. Throws whatever breaks it off; what came until then stays here. */
  async read(
    model: LanguageModelV4,
    options: LanguageModelV4CallOptions,
    limits: StreamLimits,
    onText: (text: string) => void,
  ): Promise<void> {
    const startedAt = performance.now();
    const watch = new Watch(options.abortSignal, limits);
    try {
      const { stream } = await watch.guard(Promise.resolve(model.doStream({ ...options, abortSignal: watch.signal })));
      this.accepted = true;
      const reader = stream.getReader();
      try {
        for (;;) {
          const { done, value } = await watch.guard(reader.read());
          if (done) break;
          watch.progress();
          this.take(value, onText, () => (this.firstTokenMs ??= Math.round(performance.now() - startedAt)));
        }
      } finally {
        // Whatever is left is not wanted any more: this closes the connection.
        void reader.cancel().catch(() => undefined);
      }
      if (!this.finished) throw new ModelFailure('interrupted', 'the answer broke off');
    } catch (error) {
      throw watch.signal.aborted ? watch.signal.reason : error;
    } finally {
      watch.end();
    }
  }

  /** The answer as a message to go on with. */
  message(): ChatMessage {
    return {
      role: 'assistant',
      content: [
        ...this.reasoning.map(({ text, metadata }) => ({ type: 'reasoning' as const, text, ...options(metadata) })),
        ...(this.text === '' ? [] : [{ type: 'text' as const, text: this.text, ...options(this.textMetadata) }]),
        ...this.toolCalls.map(({ id, name, input, metadata }) => ({
          type: 'tool-call' as const,
          toolCallId: id,
          toolName: name,
          input: input ?? {},
          ...options(metadata as SharedV4ProviderMetadata | undefined),
        })),
      ],
    };
  }

  private take(part: LanguageModelV4StreamPart, onText: (text: string) => void, begun: () => void): void {
    switch (part.type) {
      case 'text-delta':
        begun();
        this.text += part.delta;
        onText(part.delta);
        break;
      case 'text-end':
        this.textMetadata ??= part.providerMetadata;
        break;
      case 'reasoning-start':
        this.reasoning.push({ text: '', metadata: part.providerMetadata });
        break;
      case 'reasoning-delta':
      case 'reasoning-end':
        begun();
        this.reason(part);
        break;
      case 'tool-call':
        begun();
        this.toolCalls.push({ id: part.toolCallId, name: part.toolName, ...argumentsOf(part.input), ...metadataOf(part.providerMetadata) });
        break;
      case 'error':
        throw ofStreamError(part.error, Date.now());
      case 'finish':
        this.finish(part);
        break;
      default:
        break;
    }
  }

  private reason(part: Extract<LanguageModelV4StreamPart, { type: 'reasoning-delta' | 'reasoning-end' }>): void {
    const last = this.reasoning.at(-1);
    if (last === undefined) return;
    if (part.type === 'reasoning-delta') last.text += part.delta;
    last.metadata = part.providerMetadata ?? last.metadata;
  }

  private finish({ usage, finishReason }: Extract<LanguageModelV4StreamPart, { type: 'finish' }>): void {
    this.usage = usage;
    const { unified, raw } = finishReason;
    if (unified === 'interrupted' || (unified === 'other' && raw === undefined))
      throw new ModelFailure('interrupted', 'the answer broke off');
    if (unified === 'error') throw new ModelFailure('unavailable', 'the provider ended the answer with an error');
    this.finished = true;
    this.finishReason = unified === 'tool-calls' ? 'tool_calls' : unified === 'content-filter' ? 'content_filter' : unified;
  }
}

/** The limits of one call, as one signal. */
class Watch {
  private readonly controller = new AbortController();
  private readonly total: NodeJS.Timeout;
  private idle: NodeJS.Timeout;
  private readonly follow = (): void => this.controller.abort(this.outer?.reason);

  constructor(
    private readonly outer: AbortSignal | undefined,
    private readonly limits: StreamLimits,
  ) {
    this.total = setTimeout(() => this.expire(`no complete answer within ${limits.timeoutMs} ms`), limits.timeoutMs);
    this.idle = this.armIdle();
    if (outer?.aborted === true) this.follow();
    outer?.addEventListener('abort', this.follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  progress(): void {
    clearTimeout(this.idle);
    this.idle = this.armIdle();
  }

  /** Also of what ignores its signal. */
  guard<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise<T>((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  end(): void {
    clearTimeout(this.total);
    clearTimeout(this.idle);
    this.outer?.removeEventListener('abort', this.follow);
  }

  private armIdle(): NodeJS.Timeout {
    return setTimeout(() => this.expire(`silent for ${this.limits.idleMs} ms`), this.limits.idleMs);
  }

  private expire(message: string): void {
    this.controller.abort(new ModelFailure('timeout', message));
  }
}

function argumentsOf(text: string): Pick<ModelToolCall, 'input' | 'raw'> {
  try {
    const value = JSON.parse(text === '' ? '{}' : text) as Json;
    if (isJsonObject(value)) return { input: value };
  } catch {
    // Told as `raw`: the model is shown what is wrong with it.
  }
  return { input: null, raw: text };
}

function metadataOf(metadata: SharedV4ProviderMetadata | undefined): { metadata?: JsonObject } {
  return metadata === undefined ? {} : { metadata: metadata as unknown as JsonObject };
}

function options(metadata: SharedV4ProviderMetadata | undefined): { providerOptions?: SharedV4ProviderMetadata } {
  return metadata === undefined ? {} : { providerOptions: metadata };
}
