import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../model-call.js';
import { answerOf, patternFaults } from './script.js';

const user = (text: string): ChatMessage => ({ role: 'user', content: [{ type: 'text', text }] });
const called = (tool: string, value: object): ChatMessage[] => [
  { role: 'assistant', content: [{ type: 'tool-call', toolCallId: '1', toolName: tool, input: {} }] },
  { role: 'tool', content: [{ type: 'tool-result', toolCallId: '1', toolName: tool, output: { type: 'json', value: value as never } }] },
];

describe('a script', () => {
  const rules = [
    { when: { tool: 'weather' }, reply: 'It is $result.sky.0 in $1' },
    { when: { user: 'weather in (\\w+)', turn: 0 }, tool_calls: [{ name: 'weather', input: { city: '$1', about: ['$user'] } }] },
    { when: { system: 'terse' }, reply: { short: true } },
  ];

  it('answers by the first rule that fits', () => {
    expect(answerOf(rules, [user('the weather in Rome')])?.toolCalls).toEqual([
      { name: 'weather', input: { city: 'Rome', about: ['the weather in Rome'] } },
    ]);
    expect(answerOf(rules, [{ role: 'system', content: 'Be terse.' }, user('Hi')])?.text).toBe('{"short":true}');
    expect(answerOf(rules, [user('Hi')])).toBeNull();
  });

  it('knows what a tool gave, and what the user said before', () => {
    const answer = answerOf(
      [{ when: { tool: 'weather', user: 'in (\\w+)' }, reply: 'It is $result.sky.0 in $1' }],
      [user('weather in Rome'), ...called('weather', { sky: ['blue'] })],
    );
    expect(answer?.text).toBe('It is blue in Rome');
  });

  it('counts its turns since the user spoke', () => {
    const byTurn = [{ when: { turn: 1 }, reply: 'second' }, { reply: 'first' }];
    expect(answerOf(byTurn, [user('Hi'), ...called('x', {}), user('again')])?.text).toBe('first');
    expect(answerOf(byTurn, [user('Hi'), ...called('x', {})])?.text).toBe('second');
  });

  it('with a pattern that is none has a fault', () => {
    expect(patternFaults({ when: { user: '(' } })).toMatchObject([{ path: '/when/user' }]);
  });
});
