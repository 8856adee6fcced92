/**
 * CEL keeps the word `loop` for itself, but it is what an iteration is called in state machines. Its parser gets to see
 * `Loop`, which is as long, so that positions stay true; nobody outside of this folder ever sees it.
 */
const INNER = 'Loop';
const OUTER = 'loop';
const TOKENS = /[rRbB]{0,2}("""|'''|"|')|\/\/[^\n]*|\.\s*[A-Za-z_]\w*|[A-Za-z_]\w*/g;

/** The text as CEL's parser takes it. */
export function hideReserved(text: string): string {
  if (!text.includes(OUTER)) return text;
  let result = '';
  let position = 0;
  TOKENS.lastIndex = 0;
  for (let match = TOKENS.exec(text); match !== null; match = TOKENS.exec(text)) {
    const [token, quote] = match;
    if (quote !== undefined) TOKENS.lastIndex = endOfString(text, TOKENS.lastIndex, quote);
    if (token !== OUTER) continue;
    result += text.slice(position, match.index) + INNER;
    position = match.index + token.length;
  }
  return result + text.slice(position);
}

/** The name users know. */
export function outerName(name: string): string {
  return name === INNER ? OUTER : name;
}

/** The scope under the names the parser knows. */
export function innerScope<T extends { readonly loop?: unknown }>(scope: T): T {
  return scope.loop === undefined ? scope : { ...scope, [INNER]: scope.loop };
}

export const INNER_LOOP = INNER;

function endOfString(text: string, start: number, quote: string): number {
  for (let position = start; position < text.length; position += 1) {
    if (text[position] === '\\') position += 1;
    else if (text.startsWith(quote, position)) return position + quote.length;
  }
  return text.length;
}
