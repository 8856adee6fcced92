import { describe, expect, it } from 'vitest';
import { guard, redactPersonal } from './guardrails.js';

describe('personal data', () => {
  it.each([
    ['tel 555-123-4567 ssn 123-45-6789 cc 4111 1111 1111 1111', 'tel [REDACTED_PHONE] ssn [REDACTED_SSN] cc [REDACTED_CC]'],
    ['Write to ann.lee+shop@mail.example.com!', 'Write to [REDACTED_EMAIL]!'],
    ['+1 (555) 123-4567', '[REDACTED_PHONE]'],
    ['order 1234567, 3 of 2024-01-01', 'order 1234567, 3 of 2024-01-01'],
    ['4111111111111111', '[REDACTED_CC]'],
  ])('%s', (text, expected) => {
    expect(redactPersonal(text).text).toBe(expected);
  });

  it('takes no time over a long text that nearly fits', () => {
    const started = performance.now();
    redactPersonal(`${'a'.repeat(100_000)}@${'1-'.repeat(50_000)}`);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('guardrails', () => {
  it('apply in their order, and the first that blocks ends it', () => {
    const guarded = guard('Mail bob@example.com about weapons', [
      { type: 'pii_detection' },
      { type: 'topic_filter', blocked_topics: ['WEAPONS'] },
      { type: 'max_length', max_chars: 1 },
    ]);
    expect(guarded).toEqual({
      text: 'Mail [REDACTED_EMAIL] about weapons',
      applied: ['pii_detection', 'topic_filter'],
      blocked: { type: 'topic_filter', message: 'is about "WEAPONS"' },
    });
  });

  it.each([
    ['a part of a word is no topic', 'weaponsmith', [{ type: 'topic_filter', blocked_topics: ['weapons'] }], false],
    ['a warning lets pass', 'weapons', [{ type: 'topic_filter', blocked_topics: ['weapons'], action: 'warn' }], false],
    ['what is too long', 'abc', [{ type: 'max_length', max_chars: 2 }], true],
    ['personal data, when it blocks', 'a@b.cd', [{ type: 'pii_detection', action: 'block' }], true],
  ] as const)('%s', (_, text, guardrails, blocked) => {
    expect(guard(text, guardrails).blocked !== null).toBe(blocked);
  });

  it('cut after so many tokens, counted by words', () => {
    expect(guard('one two three four five six', [{ type: 'cost_limit', max_tokens_per_turn: 5 }]).text).toBe(
      'one two three... [truncated]',
    );
    expect(guard('one two three', [{ type: 'cost_limit', max_tokens_per_turn: 5 }]).text).toBe('one two three');
  });

  it('filter by patterns and words', () => {
    const guarded = guard('Project X-17 is SECRET', [
      { type: 'content_filter', blocked_patterns: ['X-\\d+'], forbidden_keywords: ['secret'] },
    ]);
    expect(guarded.text).toBe('Project [FILTERED] is [FILTERED]');
  });
});
