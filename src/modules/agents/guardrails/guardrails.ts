import { linearRegex } from '../../../engine/expressions/linear-regex.js';
import type { Guardrail } from '../definition/agent-definition.js';

export interface GuardedText {
  readonly text: string;
  /** Which guardrails changed it or would have. */
  readonly applied: readonly string[];
  /** Set when the text must not pass. */
  readonly blocked: { readonly type: string; readonly message: string } | null;
}

const DEFAULT_MAX_CHARACTERS = 10_000;
const DEFAULT_MAX_TOKENS = 500;
/** How tokens are counted where a text is limited by them. */
const TOKENS_PER_WORD = 1.3;

/** In this order: a card number holds what looks like a phone number. Every repetition is bounded, so that no text takes long. */
const PERSONAL: readonly (readonly [name: string, pattern: RegExp, replacement: string])[] = [
  ['email', /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}/g, '[REDACTED_EMAIL]'],
  ['card', /(?<![\d-])\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}(?![\d-])/g, '[REDACTED_CC]'],
  ['ssn', /(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])/g, '[REDACTED_SSN]'],
  ['phone', /(?<![\d-])(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-]?)\d{3}[ .-]?\d{4}(?![\d-])/g, '[REDACTED_PHONE]'],
];

/** Replaces e-mail addresses, card, social security and telephone numbers. */
export function redactPersonal(text: string): { readonly text: string; readonly found: readonly string[] } {
  const found: string[] = [];
  let redacted = text;
  for (const [name, pattern, replacement] of PERSONAL) {
    const next = redacted.replaceAll(pattern, replacement);
    if (next !== redacted) found.push(name);
    redacted = next;
  }
  return { text: redacted, found };
}

/** Applies guardrails in their order; the first that blocks ends it. */
export function guard(text: string, guardrails: readonly Guardrail[]): GuardedText {
  const applied: string[] = [];
  let guarded = text;
  for (const guardrail of guardrails) {
    const { text: next, blocked, touched } = apply(guarded, guardrail);
    if (touched) applied.push(guardrail.type);
    if (blocked !== null) return { text: guarded, applied, blocked: { type: guardrail.type, message: blocked } };
    guarded = next;
  }
  return { text: guarded, applied, blocked: null };
}

interface Verdict {
  readonly text: string;
  readonly blocked: string | null;
  readonly touched: boolean;
}

function apply(text: string, guardrail: Guardrail): Verdict {
  switch (guardrail.type) {
    case 'pii_detection': {
      const { text: redacted, found } = redactPersonal(text);
      return verdict(text, redacted, found.length > 0, guardrail.action === 'block', `holds personal data (${found.join(', ')})`);
    }
    case 'topic_filter': {
      const topic = guardrail.blocked_topics.find((each) => mentions(text, each));
      return verdict(text, text, topic !== undefined, guardrail.action !== 'warn', `is about "${topic}"`);
    }
    case 'max_length': {
      const { max_chars: limit = DEFAULT_MAX_CHARACTERS, action } = guardrail;
      return verdict(text, text.slice(0, limit), text.length > limit, action !== 'truncate', `is longer than ${limit} characters`);
    }
    case 'cost_limit': {
      const { max_tokens_per_turn: limit = DEFAULT_MAX_TOKENS, action } = guardrail;
      const cut = cutToTokens(text, limit);
      return verdict(text, cut ?? text, cut !== null, action === 'block', `has more than ${limit} tokens`);
    }
    case 'content_filter': {
      const filtered = filterContent(text, guardrail.blocked_patterns ?? [], guardrail.forbidden_keywords ?? []);
      return verdict(text, filtered, filtered !== text, guardrail.action === 'block', 'holds forbidden content');
    }
  }
}

function verdict(text: string, changed: string, touched: boolean, blocks: boolean, message: string): Verdict {
  if (!touched) return { text, blocked: null, touched };
  return { text: changed, blocked: blocks ? message : null, touched };
}

/** The topic as a word or words of its own, whatever its case. */
function mentions(text: string, topic: string): boolean {
  return linearRegex(`(?i)(^|[^\\pL\\pN])${escaped(topic.trim())}($|[^\\pL\\pN])`).test(text);
}

function cutToTokens(text: string, limit: number): string | null {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length * TOKENS_PER_WORD <= limit) return null;
  return `${words.slice(0, Math.floor(limit / TOKENS_PER_WORD)).join(' ')}... [truncated]`;
}

function filterContent(text: string, patterns: readonly string[], keywords: readonly string[]): string {
  const all = [...patterns, ...keywords.map((keyword) => `(?i)${escaped(keyword)}`)];
  return all.reduce((filtered, pattern) => linearRegex(pattern).matcher(filtered).replaceAll('[FILTERED]'), text);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
