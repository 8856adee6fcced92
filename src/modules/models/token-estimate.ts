import type { ChatMessage, ModelTool } from './model-call.js';

/** English text has about four bytes a token, other scripts have more bytes a character: three keeps an estimate on the high side. */
const BYTES_PER_TOKEN = 3;
const PER_MESSAGE = 4;

/** Tokens of a text, rather too many than too few. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

/** Tokens that a prompt comes to, rather too many than too few. */
export function estimatePrompt(messages: readonly ChatMessage[], tools: readonly ModelTool[] = []): number {
  let tokens = 0;
  for (const { content } of messages)
    tokens += PER_MESSAGE + estimateTokens(typeof content === 'string' ? content : JSON.stringify(content));
  for (const tool of tools) tokens += PER_MESSAGE + estimateTokens(tool.name + tool.description + JSON.stringify(tool.inputSchema));
  return tokens;
}
