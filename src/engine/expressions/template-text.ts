import { faultAt, TemplateError } from './expression-error.js';

/** A piece of a template string: text as it is, or an expression with its offset. */
export type TextPart =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'expression'; readonly text: string; readonly offset: number };

/** Whether a string holds an expression or an escape, without parsing it. */
export function hasTemplate(text: string): boolean {
  return text.includes('{{');
}

/**
 * Splits a template string. `{{` opens an expression, `}}` outside of its strings, comments and braces closes it;
 * `\{{` is a literal `{{`. Throws {@link TemplateError} for an expression that is not closed.
 */
export function splitTemplate(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let literal = '';
  let position = 0;
  while (position < text.length) {
    const open = text.indexOf('{{', position);
    if (open < 0) break;
    if (open > position && text[open - 1] === '\\') {
      literal += `${text.slice(position, open - 1)}{{`;
      position = open + 2;
      continue;
    }
    literal += text.slice(position, open);
    if (literal !== '') parts.push({ kind: 'text', text: literal });
    literal = '';
    const close = findClose(text, open + 2);
    if (close < 0)
      throw new TemplateError(
        faultAt(text, open, 'unclosed_expression', 'the expression is not closed with }}; write \\{{ for a literal {{'),
      );
    parts.push({ kind: 'expression', text: text.slice(open + 2, close), offset: open + 2 });
    position = close + 2;
  }
  literal += text.slice(position);
  if (literal !== '') parts.push({ kind: 'text', text: literal });
  return parts;
}

/** The offset of the `}}` that ends the expression beginning at `start`, or -1. */
function findClose(text: string, start: number): number {
  let depth = 0;
  let position = start;
  while (position < text.length) {
    const char = text[position];
    if (char === '"' || char === "'") {
      position = skipString(text, position);
      continue;
    }
    if (char === '/' && text[position + 1] === '/') {
      const end = text.indexOf('\n', position);
      // A comment on the last line of an expression ends with it.
      const close = text.indexOf('}}', position);
      if (end < 0 || (close >= 0 && close < end)) return close;
      position = end;
      continue;
    }
    if (char === '{') depth++;
    if (char === '}') {
      if (depth > 0) depth--;
      else if (text[position + 1] === '}') return position;
    }
    position++;
  }
  return -1;
}

/** The offset after a CEL string literal, in single or triple quotes; a backslash keeps the next character from ending it, raw or not. */
function skipString(text: string, start: number): number {
  const quote = text[start] as string;
  const end = text.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote;
  let position = start + end.length;
  while (position < text.length) {
    if (text[position] === '\\') position += 2;
    else if (text.startsWith(end, position)) return position + end.length;
    else position++;
  }
  return text.length;
}
