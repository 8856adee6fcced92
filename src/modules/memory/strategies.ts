import type { MemoryMessage, MemorySettings } from './agent-memory.js';

type Conversational = NonNullable<MemorySettings['conversational']>;

/** A message of a session that is to be looked at. */
export interface StoredMessage extends MemoryMessage {
  /** Place in the session, from 1 on. */
  readonly position: number;
  /** Which turn said it; equal for the messages of one turn. */
  readonly turn: string;
  /** Estimated. */
  readonly tokens: number;
}

const DEFAULT_MAX_TURNS = 20;
const DEFAULT_MAX_TOKENS = 8_000;
const DEFAULT_SUMMARY_THRESHOLD = 30;
/** Messages that stay as they were said when older ones are summarised: the last five turns. */
const KEPT_BESIDE_SUMMARY = 10;
/** While no summary can be made, so much of what waits for one is still put before the model. */
const UNSUMMARIZED_THRESHOLDS = 3;
const CHARACTERS_PER_TOKEN = 4;
const BUDGET_PAGE = 100;

/** Models count differently; for a budget of history this is near enough. */
export function estimatedTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** How many messages to read at first, from the newest back: whole turns, which have two. */
export function messagesToRead(settings: Conversational): number {
  switch (settings.strategy ?? 'sliding_window') {
    case 'sliding_window':
      return 2 * maxTurns(settings);
    case 'token_budget':
      return BUDGET_PAGE;
    case 'summary':
      return 2 * Math.ceil((UNSUMMARIZED_THRESHOLDS * summaryThreshold(settings)) / 2);
  }
}

/** Whether more messages than those would change nothing. */
export function isEnough(settings: Conversational, messages: readonly StoredMessage[]): boolean {
  return settings.strategy !== 'token_budget' || tokensOf(messages) > maxTokens(settings);
}

/**
 * Of the newest messages of a session, in their order, those that are put before the model: always whole turns. `messages` are
 * those that no summary covers.
 */
export function chosen(settings: Conversational, messages: readonly StoredMessage[]): StoredMessage[] {
  const turns = byTurn(messages);
  switch (settings.strategy ?? 'sliding_window') {
    case 'sliding_window':
      return turns.slice(-maxTurns(settings)).flat();
    case 'token_budget':
      return withinTokens(turns, maxTokens(settings)).flat();
    case 'summary':
      return turns.flat();
  }
}

/** The oldest of the messages without a summary, whole turns, once there are more than the threshold; else none. */
export function dueForSummary(settings: Conversational, messages: readonly StoredMessage[]): StoredMessage[] {
  const threshold = summaryThreshold(settings);
  if (settings.strategy !== 'summary' || messages.length <= threshold) return [];
  const turns = byTurn(messages);
  const kept: StoredMessage[][] = [];
  const room = Math.min(KEPT_BESIDE_SUMMARY, Math.floor(threshold / 2));
  for (let count = 0; ;) {
    const turn = turns.at(-1);
    if (turn === undefined || count + turn.length > room) break;
    count += turn.length;
    kept.unshift(turn);
    turns.pop();
  }
  return turns.flat();
}

/** Whether there is a summary, and only what it does not cover is read. */
export function usesSummary(settings: Conversational): boolean {
  return settings.strategy === 'summary';
}

function maxTurns({ max_turns: turns, window_size: window }: Conversational): number {
  return turns ?? window ?? DEFAULT_MAX_TURNS;
}

function maxTokens({ max_tokens: tokens = DEFAULT_MAX_TOKENS }: Conversational): number {
  return tokens;
}

function tokensOf(messages: readonly StoredMessage[]): number {
  return messages.reduce((sum, { tokens }) => sum + tokens, 0);
}

function summaryThreshold({ summary_threshold: threshold = DEFAULT_SUMMARY_THRESHOLD }: Conversational): number {
  return threshold;
}

/** The newest turns whose tokens together do not exceed the budget. */
function withinTokens(turns: readonly StoredMessage[][], budget: number): StoredMessage[][] {
  const fitting: StoredMessage[][] = [];
  let left = budget;
  for (const turn of turns.toReversed()) {
    left -= tokensOf(turn);
    if (left < 0) break;
    fitting.unshift(turn);
  }
  return fitting;
}

function byTurn(messages: readonly StoredMessage[]): StoredMessage[][] {
  const turns: StoredMessage[][] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (last?.[0]?.turn === message.turn) last.push(message);
    else turns.push([message]);
  }
  return turns;
}
