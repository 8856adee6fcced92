import type { LanguageModelV4Prompt } from '@ai-sdk/provider';
import type { ChatMessage } from './model-call.js';
import type { Provider } from './model-config.js';

/**
 * A conversation as one provider may see it. Thoughts are kept only for the provider they come from (they are signed), and so is
 * what else it wanted back.
 */
export function withoutForeign(messages: readonly ChatMessage[], provider: Provider): LanguageModelV4Prompt {
  return messages.map((message) =>
    message.role === 'assistant' ? { ...message, content: message.content.flatMap((part) => kept(part, provider)) } : message,
  );
}

type Part = Extract<ChatMessage, { role: 'assistant' }>['content'][number];

function kept(part: Part, provider: Provider): Part[] {
  const own = Object.keys(part.providerOptions ?? {}).some((name) => isOf(name, provider));
  if (part.type === 'reasoning') return own ? [part] : [];
  if (part.providerOptions === undefined || own) return [part];
  const { providerOptions: _, ...rest } = part;
  return [rest];
}

function isOf(name: string, provider: Provider): boolean {
  return name === provider || (provider === 'openai_compatible' && name === 'openaiCompatible');
}
