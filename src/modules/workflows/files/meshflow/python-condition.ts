/** Why a condition cannot be translated. */
export class ConditionError extends Error {}

/** What the names of a condition stand for, as CEL. */
export interface ConditionNames {
  /** The text that the edge's source said. */
  readonly content: string;
  /** The fields of its answer, as an optional; see `Value`. */
  readonly structured: string;
}

type Token = { readonly kind: 'number' | 'text' | 'name' | 'sign' | 'end'; readonly text: string };

/** A part of an expression. `path`: a value that may be missing, to which members can be added. */
interface Value {
  readonly cel: string;
  readonly kind: 'text' | 'path' | 'bool' | 'any' | 'null';
}

const TOKEN = /\s+|(\d+(?:\.\d+)?)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([A-Za-z_]\w*)|(==|!=|<=|>=|[-+*/<>().,[\]])/gy;
const COMPARISONS = new Set(['==', '!=', '<', '>', '<=', '>=']);
const CONSTANTS: Readonly<Record<string, Value>> = {
  True: { cel: 'true', kind: 'bool' },
  False: { cel: 'false', kind: 'bool' },
  None: { cel: 'null', kind: 'null' },
};
/** Methods of texts, and the CEL that does the same. */
const METHODS: Readonly<Record<string, { readonly cel: string; readonly kind: Value['kind'] }>> = {
  lower: { cel: 'lower', kind: 'text' },
  upper: { cel: 'upper', kind: 'text' },
  strip: { cel: 'trim', kind: 'text' },
  startswith: { cel: 'startsWith', kind: 'bool' },
  endswith: { cel: 'endsWith', kind: 'bool' },
};

/** A condition of an edge, an expression of Python, as CEL. What is missing is null. Throws `ConditionError`. */
export function translateCondition(text: string, names: ConditionNames): string {
  return new ConditionParser(tokenize(text), names).parse();
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new ConditionError(`cannot be read from ${JSON.stringify(text.slice(at, at + 20))} on`);
    const [, number, quoted, name, sign] = match;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1') });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
  }
  return [...tokens, { kind: 'end', text: 'the end' }];
}

class ConditionParser {
  private position = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly names: ConditionNames,
  ) {}

  parse(): string {
    const cel = truth(this.either());
    if (this.next.kind !== 'end') throw this.unexpected();
    return cel;
  }

  private either(): Value {
    let left = this.both();
    while (this.takes('or')) left = { cel: `(${truth(left)} || ${truth(this.both())})`, kind: 'bool' };
    return left;
  }

  private both(): Value {
    let left = this.denied();
    while (this.takes('and')) left = { cel: `(${truth(left)} && ${truth(this.denied())})`, kind: 'bool' };
    return left;
  }

  private denied(): Value {
    return this.takes('not') ? { cel: `!(${truth(this.denied())})`, kind: 'bool' } : this.comparison();
  }

  private comparison(): Value {
    const left = this.sum();
    const { kind, text } = this.next;
    if (kind === 'sign' && COMPARISONS.has(text)) {
      this.position += 1;
      return compared(left, text, this.sum());
    }
    if (this.takes('is')) return compared(left, this.takes('not') ? '!=' : '==', this.sum());
    if (this.takes('in')) return contained(left, this.sum());
    if (this.takes('not')) {
      if (!this.takes('in')) throw this.unexpected();
      return { cel: `!(${contained(left, this.sum()).cel})`, kind: 'bool' };
    }
    return left;
  }

  private sum(): Value {
    let left = this.product();
    for (let sign = this.sign('+', '-'); sign !== null; sign = this.sign('+', '-')) {
      left = { cel: `(${whole(left)} ${sign} ${whole(this.product())})`, kind: 'any' };
    }
    return left;
  }

  private product(): Value {
    let left = this.operand();
    for (let sign = this.sign('*', '/'); sign !== null; sign = this.sign('*', '/')) {
      left = { cel: `(${whole(left)} ${sign} ${whole(this.operand())})`, kind: 'any' };
    }
    return left;
  }

  private operand(): Value {
    if (this.sign('-') !== null) return { cel: `-${whole(this.operand())}`, kind: 'any' };
    let value = this.primary();
    for (;;) {
      if (this.sign('.') !== null) value = this.member(value, this.name());
      else if (this.sign('[') !== null) {
        value = { cel: `${pathOf(value)}[?${whole(this.either())}]`, kind: 'path' };
        this.expect(']');
      } else return value;
    }
  }

  private member(value: Value, name: string): Value {
    if (this.sign('(') === null) return { cel: `${pathOf(value)}.?${name}`, kind: 'path' };
    const given = this.list(')');
    if (name === 'get' && (given.length === 1 || given.length === 2)) {
      const [key, otherwise] = given as [Value, Value | undefined];
      const path = { cel: `${pathOf(value)}[?${whole(key)}]`, kind: 'path' } as const;
      return otherwise === undefined ? path : { cel: `${path.cel}.orValue(${whole(otherwise)})`, kind: 'any' };
    }
    const method = METHODS[name];
    if (method === undefined) throw new ConditionError(`calls ${name}(), which has no counterpart`);
    return { cel: `string(${whole(value)}).${method.cel}(${given.map(whole).join(', ')})`, kind: method.kind };
  }

  private primary(): Value {
    const token = this.next;
    this.position += 1;
    if (token.kind === 'number') return { cel: token.text, kind: 'any' };
    if (token.kind === 'text') return { cel: JSON.stringify(token.text), kind: 'text' };
    if (token.text === '(') {
      const inner = this.either();
      this.expect(')');
      return { ...inner, cel: `(${inner.cel})` };
    }
    if (token.text === '[') return { cel: `[${this.list(']').map(whole).join(', ')}]`, kind: 'any' };
    if (token.kind !== 'name') throw this.unexpected(token);
    return this.sign('(') === null ? this.named(token.text) : this.called(token.text, this.list(')'));
  }

  private named(name: string): Value {
    switch (name) {
      case 'output':
      case 'content':
        return { cel: this.names.content, kind: 'text' };
      case 'structured':
        return { cel: this.names.structured, kind: 'path' };
      case 'confidence':
        return { cel: `${this.names.structured}.?confidence.orValue(1.0)`, kind: 'any' };
      case 'context':
        return { cel: 'inputs.?context', kind: 'path' };
      case 'task':
        return { cel: 'inputs.task', kind: 'text' };
      default:
        return CONSTANTS[name] ?? { cel: `inputs.?context.?${name}`, kind: 'path' };
    }
  }

  private called(name: string, given: readonly Value[]): Value {
    const [only, another] = given;
    if (only === undefined || another !== undefined) throw new ConditionError(`calls ${name}(), which has no counterpart`);
    switch (name) {
      case 'len':
        return { cel: `size(${whole(only)})`, kind: 'any' };
      case 'str':
        return { cel: `string(${whole(only)})`, kind: 'text' };
      case 'int':
      case 'float':
        return { cel: `double(${whole(only)})`, kind: 'any' };
      case 'bool':
        return { cel: truth(only), kind: 'bool' };
      default:
        throw new ConditionError(`calls ${name}(), which has no counterpart`);
    }
  }

  private list(close: string): Value[] {
    const items: Value[] = [];
    while (this.sign(close) === null) {
      if (items.length > 0) this.expect(',');
      items.push(this.either());
    }
    return items;
  }

  private get next(): Token {
    return this.tokens[this.position] as Token;
  }

  private takes(word: string): boolean {
    const taken = this.next.kind === 'name' && this.next.text === word;
    if (taken) this.position += 1;
    return taken;
  }

  private sign(...signs: readonly string[]): string | null {
    const { kind, text } = this.next;
    if (kind !== 'sign' || !signs.includes(text)) return null;
    this.position += 1;
    return text;
  }

  private name(): string {
    const { kind, text } = this.next;
    if (kind !== 'name') throw this.unexpected();
    this.position += 1;
    return text;
  }

  private expect(sign: string): void {
    if (this.sign(sign) === null) throw this.unexpected();
  }

  private unexpected({ text }: Token = this.next): ConditionError {
    return new ConditionError(`has ${text} where it means nothing`);
  }
}

/** As one whole value: what is missing is null. */
function whole({ cel, kind }: Value): string {
  return kind === 'path' ? `${cel}.orValue(null)` : cel;
}

/** As one to which `.?member` can be added. */
function pathOf({ cel, kind }: Value): string {
  return kind === 'path' ? cel : `optional.of(${cel})`;
}

function truth(value: Value): string {
  return value.kind === 'bool' ? value.cel : `truthy(${whole(value)})`;
}

/** What is missing is like nothing but None, and neither more nor less than anything. */
function compared(left: Value, sign: string, right: Value): Value {
  const cel = `${whole(left)} ${sign} ${whole(right)}`;
  const missing = [left, right].filter(({ kind }) => kind === 'path').map((each) => `${whole(each)} != null && `);
  const guarded = sign === '==' || sign === '!=' ? cel : `${missing.join('')}${cel}`;
  return { cel: `(${guarded})`, kind: 'bool' };
}

function contained(part: Value, all: Value): Value {
  if (all.kind === 'text') return { cel: `${all.cel}.contains(string(${whole(part)}))`, kind: 'bool' };
  if (all.kind === 'path') return { cel: `(${whole(all)} != null && ${whole(part)} in ${whole(all)})`, kind: 'bool' };
  return { cel: `(${whole(part)} in ${whole(all)})`, kind: 'bool' };
}
