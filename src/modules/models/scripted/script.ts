import { linearRegex } from '../../../engine/expressions/linear-regex.js';
import { isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';
import type { ChatMessage } from '../model-call.js';

/** One rule of a scripted model. The first whose conditions all hold answers. */
export interface ScriptRule {
  readonly when?: {
    /** Pattern (RE2) that the last message of the user has to hold. */
    readonly user?: string;
    /** Pattern that the instructions have to hold. */
    readonly system?: string;
    /** The last message is the result of this tool. */
    readonly tool?: string;
    /** How often the model has answered since the user's last message; 0 at first. */
    readonly turn?: number;
  };
  /** What is said; anything but a text is said as JSON. */
  readonly reply?: Json;
  readonly tool_calls?: readonly { readonly name: string; readonly input?: JsonObject }[];
  /** The call fails with this status, after as many characters of the reply. */
  readonly fail?: { readonly status: number; readonly message?: string; readonly after?: number };
  /** Why the answer ends; what else it says is `stop` or `tool_calls`. */
  readonly finish?: 'length' | 'content_filter';
  /** Pause before each piece of the reply, milliseconds. */
  readonly delay_ms?: number;
}

/** What a rule answers to a conversation, its placeholders filled in. */
export interface ScriptedAnswer {
  readonly text: string;
  readonly toolCalls: readonly { readonly name: string; readonly input: JsonObject }[];
  readonly rule: ScriptRule;
}

export const SCRIPT_RULE_SCHEMA: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: {
    when: {
      type: 'object',
      additionalProperties: false,
      properties: {
        user: { type: 'string' },
        system: { type: 'string' },
        tool: { type: 'string' },
        turn: { type: 'integer', minimum: 0 },
      },
    },
    reply: true,
    tool_calls: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: { name: { type: 'string' }, input: { type: 'object' } },
      },
    },
    fail: {
      type: 'object',
      additionalProperties: false,
      required: ['status'],
      properties: {
        status: { type: 'integer', minimum: 400, maximum: 599 },
        message: { type: 'string' },
        after: { type: 'integer', minimum: 0 },
      },
    },
    finish: { type: 'string', enum: ['length', 'content_filter'] },
    delay_ms: { type: 'integer', minimum: 0, maximum: 60_000 },
  },
};

/** Faults that the schema cannot say: patterns that are none. Paths are within the rule. */
export function patternFaults(rule: ScriptRule): { readonly path: string; readonly message: string }[] {
  return (['user', 'system'] as const).flatMap((member) => {
    const pattern = rule.when?.[member];
    if (pattern === undefined) return [];
    try {
      linearRegex(pattern);
      return [];
    } catch (error) {
      return [{ path: `/when/${member}`, message: (error as Error).message }];
    }
  });
}

/** What the rules answer; null when none fits. The same conversation is always answered alike. */
export function answerOf(rules: readonly ScriptRule[], messages: readonly ChatMessage[]): ScriptedAnswer | null {
  const scene = sceneOf(messages);
  for (const rule of rules) {
    const groups = matchOf(rule, scene);
    if (groups === null) continue;
    const fill = (text: string): string => filled(text, scene, groups);
    const reply = rule.reply === undefined ? '' : mapTexts(rule.reply, fill);
    return {
      rule,
      text: typeof reply === 'string' ? reply : JSON.stringify(reply),
      toolCalls: (rule.tool_calls ?? []).map(({ name, input }) => ({ name, input: mapTexts(input ?? {}, fill) as JsonObject })),
    };
  }
  return null;
}

interface Scene {
  readonly user: string;
  readonly system: string;
  /** Of the last message, when it is a tool's result. */
  readonly tool: string | null;
  readonly result: Json;
  readonly turn: number;
}

function sceneOf(messages: readonly ChatMessage[]): Scene {
  const lastUser = messages.findLastIndex((message) => message.role === 'user');
  const last = messages.at(-1);
  const result = last?.role === 'tool' ? last.content.findLast((part) => part.type === 'tool-result') : undefined;
  return {
    user: textOf(messages[lastUser]),
    system: messages.flatMap((message) => (message.role === 'system' ? [message.content] : [])).join('\n'),
    tool: result?.toolName ?? null,
    result: result === undefined || !('value' in result.output) ? null : (result.output.value as Json),
    turn: messages.slice(lastUser + 1).filter((message) => message.role === 'assistant').length,
  };
}

function textOf(message: ChatMessage | undefined): string {
  if (message === undefined) return '';
  if (typeof message.content === 'string') return message.content;
  return message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
}

/** The groups of the user's pattern; null when the rule does not apply. */
function matchOf({ when = {} }: ScriptRule, scene: Scene): readonly string[] | null {
  if (when.turn !== undefined && when.turn !== scene.turn) return null;
  if (when.tool !== undefined && when.tool !== scene.tool) return null;
  if (when.system !== undefined && !linearRegex(when.system).test(scene.system)) return null;
  if (when.user === undefined) return [];
  const matcher = linearRegex(when.user).matcher(scene.user);
  if (!matcher.find()) return null;
  return Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index) ?? '');
}

/** `$user`, `$result`, `$result.path.to` and the groups `$1` … `$9`. */
function filled(text: string, scene: Scene, groups: readonly string[]): string {
  return text.replaceAll(/\$(user|[1-9]|result(?:\.\w+)*)/g, (_, name: string) => {
    if (name === 'user') return scene.user;
    if (!name.startsWith('result')) return groups[Number(name)] ?? '';
    const value = name.split('.').slice(1).reduce<Json | undefined>(memberOf, scene.result);
    return typeof value === 'string' ? value : JSON.stringify(value ?? null);
  });
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (Array.isArray(value)) return value[Number(name)];
  return isJsonObject(value) ? value[name] : undefined;
}

function mapTexts(value: Json, map: (text: string) => string): Json {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, map));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mapTexts(member, map)]));
}
