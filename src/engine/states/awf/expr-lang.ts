import { AwfSyntaxError, type NameContext } from './awf-source.js';
import { celReference, celText, isNamespace } from './names.js';

type Token = { readonly kind: 'number' | 'text' | 'name' | 'sign' | 'end'; readonly text: string };
type Node =
  | { readonly kind: 'literal'; readonly type: 'number' | 'text' | 'bool' | 'nil'; readonly cel: string }
  | { readonly kind: 'reference'; readonly path: readonly string[] }
  | { readonly kind: 'computed'; readonly cel: string };

const TOKEN =
  /\s+|(\d+(?:\.\d+)?)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|([A-Za-z_]\w*)|(\{\{-?|-?\}\}|\?\?|\?\.|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]])/gy;
const SIGNS: Readonly<Record<string, string>> = { and: '&&', or: '||', not: '!' };
const TEXT_OPERATORS: Readonly<Record<string, string>> = {
  contains: 'contains',
  startsWith: 'startsWith',
  endsWith: 'endsWith',
  matches: 'matches',
};
const TEXT_FUNCTIONS: Readonly<Record<string, string>> = {
  contains: 'contains',
  has_prefix: 'startsWith',
  has_suffix: 'endsWith',
  hasPrefix: 'startsWith',
  hasSuffix: 'endsWith',
};
const ONE_TEXT: Readonly<Record<string, string>> = { lower: 'lower', upper: 'upper', trim: 'trim' };
const COMPARISONS = new Set(['==', '!=', '<', '>', '<=', '>=']);
/** Binding powers of operators between two operands. */
const POWERS: Readonly<Record<string, number>> = {
  '??': 1,
  '||': 2,
  '&&': 3,
  ...Object.fromEntries([...COMPARISONS, 'in', ...Object.keys(TEXT_OPERATORS)].map((operator) => [operator, 4])),
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
};

/** `not a == b` denies the comparison, `!a && b` only the first of the two. */
const AND_POWER = 3;

/** A condition in AWF's expression language, or arithmetic in a text, as a CEL expression. Throws {@link AwfSyntaxError}. */
export function translateExpression(text: string, context: NameContext): string {
  if (text.trim() === '') throw new AwfSyntaxError('empty_expression', 'the expression is empty');
  return new Parser(tokenize(text), context).parse();
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new AwfSyntaxError('syntax', `cannot read the expression from ${JSON.stringify(text.slice(at, at + 20))} on`);
    const [, number, quoted, name, sign] = match;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: unquote(quoted) });
    else if (name !== undefined)
      tokens.push(SIGNS[name] === undefined ? { kind: 'name', text: name } : { kind: 'sign', text: SIGNS[name] });
    // A template inside of a condition is only a way to write a name.
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign.includes('{{') ? '(' : sign.includes('}}') ? ')' : sign });
  }
  return [...tokens, { kind: 'end', text: 'the end' }];
}

export function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  if (quoted.startsWith('`')) return inner;
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return inner.replace(/\\(.)/gs, (_, character: string) => escapes[character] ?? character);
}

class Parser {
  private position = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly context: NameContext,
  ) {}

  parse(): string {
    const node = this.ternary();
    if (this.peek().kind !== 'end') throw this.unexpected();
    return this.value(node);
  }

  private ternary(): Node {
    const condition = this.binary(0);
    if (!this.take('?')) return condition;
    const yes = this.ternary();
    this.expect(':');
    return computed(`(${this.value(condition)} ? ${this.value(yes)} : ${this.value(this.ternary())})`);
  }

  private binary(power: number): Node {
    let left = this.unary();
    for (;;) {
      const negated = this.peek().text === '!' && this.peek(1).text === 'in';
      const operator = negated ? 'in' : this.peek().text;
      const own = this.peek().kind === 'text' ? undefined : POWERS[operator];
      if (own === undefined || own <= power) return left;
      this.position += negated ? 2 : 1;
      const right = this.binary(own);
      left = negated ? computed(`!${this.combine(operator, left, right)}`) : computed(this.combine(operator, left, right));
    }
  }

  private combine(operator: string, left: Node, right: Node): string {
    const method = TEXT_OPERATORS[operator];
    if (method !== undefined) return this.textCall(method, left, right);
    if (COMPARISONS.has(operator)) return `(${this.compared(left, right)} ${operator} ${this.compared(right, left)})`;
    if (operator === '??') {
      throw new AwfSyntaxError('unsupported', '?? is not supported: a condition about what is missing is false');
    }
    return `(${this.value(left)} ${operator} ${this.value(right)})`;
  }

  private unary(): Node {
    if (this.take('!')) return computed(`!(${this.value(this.binary(AND_POWER))})`);
    if (this.take('-')) return computed(`-(${this.value(this.unary())})`);
    return this.postfix(this.primary());
  }

  private primary(): Node {
    const token = this.next();
    switch (token.kind) {
      case 'number':
        return { kind: 'literal', type: 'number', cel: token.text };
      case 'text':
        return { kind: 'literal', type: 'text', cel: celText(token.text) };
      case 'name':
        return this.named(token.text);
      case 'sign':
        if (token.text === '(') {
          const inner = this.ternary();
          this.expect(')');
          return inner;
        }
        if (token.text === '[')
          return computed(
            `[${this.list(']')
              .map((node) => this.value(node))
              .join(', ')}]`,
          );
        // A leading dot, as templates write names.
        if (token.text === '.' && this.peek().kind === 'name') return this.named(this.next().text);
        throw this.unexpected(token);
      case 'end':
        throw this.unexpected(token);
    }
  }

  private named(name: string): Node {
    if (name === 'true' || name === 'false') return { kind: 'literal', type: 'bool', cel: name };
    if (name === 'nil' || name === 'null') return { kind: 'literal', type: 'nil', cel: 'dyn(null)' };
    if (this.peek().text === '(' && this.peek().kind === 'sign') {
      this.position += 1;
      return this.call(name, this.list(')'));
    }
    return { kind: 'reference', path: [name] };
  }

  private call(name: string, args: readonly Node[]): Node {
    const [first, second] = args;
    const method = TEXT_FUNCTIONS[name];
    if (method !== undefined && first !== undefined && second !== undefined) return computed(this.textCall(method, first, second));
    if (first !== undefined && args.length === 1) {
      if (name === 'len') return computed(`size(${this.raw(first)})`);
      if (ONE_TEXT[name] !== undefined) return computed(`${ONE_TEXT[name]}(${this.text(first)})`);
      if (name === 'int' || name === 'float') return computed(`double(${this.raw(first)})`);
      if (name === 'string') return computed(this.text(first));
    }
    throw new AwfSyntaxError('unsupported', `there is no function ${name} of ${args.length} values`);
  }

  private postfix(start: Node): Node {
    let node = start;
    for (;;) {
      if (this.take('.') || this.take('?.')) {
        const member = this.next();
        if (member.kind !== 'name') throw this.unexpected(member);
        node =
          node.kind === 'reference'
            ? { kind: 'reference', path: [...node.path, member.text] }
            : computed(`${this.value(node)}.${member.text}`);
      } else if (this.take('[')) {
        const index = this.ternary();
        this.expect(']');
        const literal = index.kind === 'literal' && index.type === 'text' ? (JSON.parse(index.cel) as string) : null;
        node =
          node.kind === 'reference' && literal !== null
            ? { kind: 'reference', path: [...node.path, literal] }
            : computed(`${this.raw(node)}[${this.value(index)}]`);
      } else {
        return node;
      }
    }
  }

  private list(close: string): Node[] {
    const nodes: Node[] = [];
    if (this.take(close)) return nodes;
    do nodes.push(this.ternary());
    while (this.take(','));
    this.expect(close);
    return nodes;
  }

  // --- How values are written --------------------------------------------------------------------------------------

  /** A value on its own: inputs that are texts count as the number or boolean they hold. */
  private value(node: Node): string {
    return node.kind === 'reference' && node.path[0] === 'inputs' ? `scalar(${this.raw(node)})` : this.raw(node);
  }

  /** An operand of a comparison: next to a text it stays what it is, next to a number or a boolean it counts as one. */
  private compared(node: Node, other: Node): string {
    if (other.kind === 'literal' && other.type === 'text') return this.raw(node);
    const scalar = other.kind === 'literal' && other.type !== 'nil' && node.kind === 'reference';
    return scalar ? `scalar(${this.raw(node)})` : this.value(node);
  }

  private textCall(method: string, subject: Node, argument: Node): string {
    return `${this.text(subject)}.${method}(${this.text(argument)})`;
  }

  private text(node: Node): string {
    return node.kind === 'literal' && node.type === 'text' ? node.cel : `string(${this.raw(node)})`;
  }

  private raw(node: Node): string {
    if (node.kind !== 'reference') return node.cel;
    // Names nobody knows are nothing, not a fault.
    return isNamespace(node.path[0] ?? '') ? celReference(node.path, this.context) : 'dyn(null)';
  }

  // --- Tokens --------------------------------------------------------------------------------------------------------

  private peek(ahead = 0): Token {
    return this.tokens[Math.min(this.position + ahead, this.tokens.length - 1)] as Token;
  }

  private next(): Token {
    const token = this.peek();
    this.position += 1;
    return token;
  }

  private take(sign: string): boolean {
    const token = this.peek();
    if (token.kind !== 'sign' || token.text !== sign) return false;
    this.position += 1;
    return true;
  }

  private expect(sign: string): void {
    if (!this.take(sign)) throw new AwfSyntaxError('syntax', `expected ${sign}, found ${this.peek().text}`);
  }

  private unexpected(token = this.peek()): AwfSyntaxError {
    return new AwfSyntaxError('syntax', `did not expect ${token.text} here`);
  }
}

function computed(cel: string): Node {
  return { kind: 'computed', cel };
}
