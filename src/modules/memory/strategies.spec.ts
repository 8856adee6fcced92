import { describe, expect, it } from 'vitest';
import type { MemorySettings } from './agent-memory.js';
import { chosen, dueForSummary, estimatedTokens, isEnough, messagesToRead, type StoredMessage } from './strategies.js';

/** `count` turns of a question and an answer, each message of so many tokens. */
function turns(count: number, tokens = 10): StoredMessage[] {
  return Array.from({ length: count }, (_, turn) =>
    (['user', 'assistant'] as const).map((role, index) => ({
      position: 2 * turn + index + 1,
      turn: `run-${turn + 1}`,
      role,
      content: `${role} ${turn + 1}`,
      tokens,
    })),
  ).flat();
}

const positions = (messages: readonly StoredMessage[]): number[] => messages.map(({ position }) => position);
const span = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
type Conversational = NonNullable<MemorySettings['conversational']>;

describe('what is put before the model', () => {
  it.each<[string, Conversational, StoredMessage[], number[]]>([
    ['nothing of nothing', {}, [], []],
    ['twenty turns, if nothing is said', {}, turns(25), span(11, 50)],
    ['the last turns', { strategy: 'sliding_window', max_turns: 2 }, turns(5), span(7, 10)],
    ['the last turns by their other name', { window_size: 1 }, turns(5), span(9, 10)],
    ['all turns where there are fewer', { max_turns: 9 }, turns(3), span(1, 6)],
    ['the newest that fit the budget', { strategy: 'token_budget', max_tokens: 45 }, turns(5), span(7, 10)],
    ['a budget that is met exactly', { strategy: 'token_budget', max_tokens: 40 }, turns(5), span(7, 10)],
    ['no half turn', { strategy: 'token_budget', max_tokens: 39 }, turns(5), span(9, 10)],
    ['nothing that is too long alone', { strategy: 'token_budget', max_tokens: 19 }, turns(5), []],
    ['all that no summary covers', { strategy: 'summary', summary_threshold: 4 }, turns(5), span(1, 10)],
  ])('%s', (_, settings, messages, expected) => {
    expect(positions(chosen(settings, messages))).toEqual(expected);
  });

  it('never begins in the middle of a turn that was cut by reading', () => {
    // Turns of one message each are whole turns, too.
    const alone = turns(4).filter(({ role }) => role === 'user');
    expect(positions(chosen({ max_turns: 2 }, alone))).toEqual([5, 7]);
  });

  it.each<[Conversational, number]>([
    [{ max_turns: 7 }, 14],
    [{ strategy: 'summary', summary_threshold: 11 }, 34],
  ])('%o reads %i messages', (settings, expected) => {
    expect(messagesToRead(settings)).toBe(expected);
    expect(isEnough(settings, turns(1))).toBe(true);
  });

  it('reads on until the budget is used up', () => {
    const settings: Conversational = { strategy: 'token_budget', max_tokens: 40 };
    expect(isEnough(settings, turns(2))).toBe(false);
    expect(isEnough(settings, turns(3))).toBe(true);
  });
});

describe('a summary is due', () => {
  it.each<[string, Conversational, StoredMessage[], number[]]>([
    ['not at the threshold', { strategy: 'summary', summary_threshold: 10 }, turns(5), []],
    ['past it, for all but half of it', { strategy: 'summary', summary_threshold: 10 }, turns(6), span(1, 8)],
    ['but for five turns at most', { strategy: 'summary', summary_threshold: 40 }, turns(21), span(1, 32)],
    ['for everything, where nothing else would be left', { strategy: 'summary', summary_threshold: 2 }, turns(2), span(1, 4)],
    ['after thirty messages, if nothing is said', { strategy: 'summary' }, turns(16), span(1, 22)],
    ['never with another strategy', { strategy: 'sliding_window', max_turns: 1 }, turns(50), []],
  ])('%s', (_, settings, messages, expected) => {
    expect(positions(dueForSummary(settings, messages))).toEqual(expected);
  });
});

it.each([
  ['', 0],
  ['abcd', 1],
  ['abcde', 2],
])('%o is of about %i tokens', (text, tokens) => {
  expect(estimatedTokens(text)).toBe(tokens);
});
