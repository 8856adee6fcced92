import { AwfSyntaxError, type NameContext } from './awf-source.js';
import { TemplateCommands } from './template-commands.js';
import { celText } from './names.js';

type Piece = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'action'; readonly text: string };
/** A part of the result: a text, or a CEL expression. */
export type Part =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'cel'; readonly cel: string; readonly control: boolean };

const ACTION = /\{\{(-\s)?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|\/\*[^]*?\*\/|(?!\}\})[^])*?)(\s-)?\}\}/g;
const WORD = /^(\w+)(?:\s+|$)/;

/** A text with Go-template actions as the parts of its result. Throws {@link AwfSyntaxError}. */
export function parseTemplate(text: string, context: NameContext): Part[] {
  const reader = new TemplateReader(split(text), context);
  const parts = reader.block();
  if (reader.stoppedAt !== null) throw new AwfSyntaxError('syntax', `{{${reader.stoppedAt}}} without a beginning`);
  return parts;
}

/** A text as a native template that gives a text. */
export function translateTemplate(text: string, context: NameContext): string {
  if (!text.includes('{{')) return text;
  const parts = parseTemplate(text, context);
  const endsInBackslash = parts.some((part) => part.kind === 'text' && part.text.endsWith('\\'));
  const expressions = parts.filter((part) => part.kind === 'cel');
  if (expressions.length === 0) return joinTexts(parts);
  // A backslash before {{ means something else in a native template.
  if (parts.length === 1 || endsInBackslash) return `{{ ${concatenation(parts)} }}`;
  return parts.map((part) => (part.kind === 'text' ? literal(part.text) : `{{ ${part.cel} }}`)).join('');
}

/** The parts as one CEL expression that gives a text. */
export function concatenation(parts: readonly Part[]): string {
  if (parts.length === 0) return '""';
  const terms = parts.map((part) => (part.kind === 'text' ? celText(part.text) : part.control ? part.cel : `string(${part.cel})`));
  return terms.length === 1 ? (terms[0] as string) : `(${terms.join(' + ')})`;
}

function joinTexts(parts: readonly Part[]): string {
  return parts.map((part) => (part.kind === 'text' ? literal(part.text) : '')).join('');
}

/** A text that a file brought along may hold braces of its own. */
function literal(text: string): string {
  return text.replaceAll('{{', '\\{{');
}

function split(text: string): Piece[] {
  const pieces: Piece[] = [];
  let position = 0;
  let trimNext = false;
  const add = (literal: string, trimEnd: boolean): void => {
    const start = trimNext ? literal.trimStart() : literal;
    const kept = trimEnd ? start.trimEnd() : start;
    if (kept !== '') pieces.push({ kind: 'text', text: kept });
  };
  for (const match of text.matchAll(ACTION)) {
    const [whole, trimBefore, action = '', trimAfter] = match;
    add(text.slice(position, match.index), trimBefore !== undefined);
    trimNext = trimAfter !== undefined;
    position = match.index + whole.length;
    if (!/^\s*\/\*[^]*\*\/\s*$/.test(action)) pieces.push({ kind: 'action', text: action.trim() });
  }
  const rest = text.slice(position);
  if (rest.includes('{{')) throw new AwfSyntaxError('syntax', 'a {{ is not closed');
  add(rest, false);
  return pieces;
}

/** Reads pieces into parts; blocks become one conditional or mapping expression. */
class TemplateReader {
  private position = 0;
  private bound = 0;
  /** The `else` or `end` that ended the block read last. */
  stoppedAt: string | null = null;
  private readonly commands: TemplateCommands;

  constructor(
    private readonly pieces: readonly Piece[],
    context: NameContext,
  ) {
    this.commands = new TemplateCommands(context);
  }

  block(): Part[] {
    const parts: Part[] = [];
    this.stoppedAt = null;
    while (this.position < this.pieces.length) {
      const piece = this.pieces[this.position++] as Piece;
      if (piece.kind === 'text') parts.push(piece);
      else {
        const keyword = WORD.exec(piece.text)?.[1] ?? '';
        const rest = piece.text.slice(keyword.length).trim();
        if (keyword === 'end' || keyword === 'else') {
          this.stoppedAt = piece.text;
          return parts;
        }
        const part = this.action(keyword, rest, piece.text);
        if (part !== null) parts.push(part);
      }
    }
    return parts;
  }

  private action(keyword: string, rest: string, text: string): Part | null {
    switch (keyword) {
      case 'if':
        return control(this.conditional(rest));
      case 'with':
        return control(this.with(rest));
      case 'range':
        return control(this.range(rest));
      case 'define':
      case 'template':
      case 'block':
      case 'break':
      case 'continue':
        throw new AwfSyntaxError('unsupported', `{{${keyword}}} is not supported`);
      default:
        return this.pipeline(text);
    }
  }

  private pipeline(text: string): Part | null {
    const file = /^readFile\s+("(?:[^"\\]|\\.)*"|`[^`]*`)$/.exec(text)?.[1];
    if (file !== undefined) return { kind: 'text', text: this.commands.file(file) };
    const assignment = /^(\$\w+)\s*(:?=)\s*([^]+)$/.exec(text);
    if (assignment === null) return { kind: 'cel', cel: this.commands.pipeline(text), control: false };
    const [, name = '', operator, value = ''] = assignment;
    if (operator === '=')
      throw new AwfSyntaxError('unsupported', `${name} is given another value, which is not supported; name a new variable`);
    this.commands.define(name, this.commands.pipeline(value));
    return null;
  }

  private conditional(condition: string): string {
    const test = `truthy(${this.commands.pipeline(condition)})`;
    const yes = concatenation(this.block());
    return `(${test} ? ${yes} : ${this.alternative()})`;
  }

  private with(text: string): string {
    const value = this.commands.pipeline(text);
    const yes = this.commands.inside(value, () => concatenation(this.block()));
    return `(truthy(${value}) ? ${yes} : ${this.alternative()})`;
  }

  private range(text: string): string {
    const named = /^(\$\w+)\s*(,\s*\$\w+)?\s*:=\s*([^]+)$/.exec(text);
    if (named?.[2] !== undefined) throw new AwfSyntaxError('unsupported', 'a range with an index is not supported');
    const list = this.commands.pipeline(named?.[3] ?? text);
    const variable = `each${++this.bound}`;
    if (named?.[1] !== undefined) this.commands.define(named[1], variable);
    const body = this.commands.inside(variable, () => concatenation(this.block()));
    const mapped = `join(${list}.map(${variable}, ${body}), "")`;
    const otherwise = this.alternative();
    return otherwise === '""' ? mapped : `(truthy(${list}) ? ${mapped} : ${otherwise})`;
  }

  /** What stands after `else`, up to `end`. */
  private alternative(): string {
    if (this.stoppedAt === null) throw new AwfSyntaxError('syntax', 'an {{end}} is missing');
    if (this.stoppedAt === 'end') return this.closed('""');
    const chained = /^else\s+(if|with)\s+([^]+)$/.exec(this.stoppedAt);
    if (chained !== null) return chained[1] === 'if' ? this.conditional(chained[2] ?? '') : this.with(chained[2] ?? '');
    const parts = this.block();
    if (this.stoppedAt !== 'end') throw new AwfSyntaxError('syntax', 'an {{end}} is missing');
    return this.closed(concatenation(parts));
  }

  private closed(cel: string): string {
    this.stoppedAt = null;
    return cel;
  }
}

function control(cel: string): Part {
  return { kind: 'cel', cel, control: true };
}
