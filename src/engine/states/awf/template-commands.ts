import { AwfSyntaxError, type NameContext } from './awf-source.js';
import { unquote } from './expr-lang.js';
import { celMember, celReference, celText, isNamespace } from './names.js';

const TOKEN = /\s+|("(?:[^"\\]|\\.)*"|`[^`]*`)|(-?\d+(?:\.\d+)?)|(\$\w*(?:\.\w+)*|\.?[A-Za-z_][\w-]*(?:\.[\w-]+)*|\.)|([|(),])/gy;
const COMPARISONS: Readonly<Record<string, string>> = { eq: '==', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' };

type Token = { readonly kind: 'text' | 'number' | 'name' | 'sign'; readonly text: string };

/** Pipelines of Go templates as CEL expressions. */
export class TemplateCommands {
  private readonly variables = new Map<string, string>();
  /** What `.` is; null at the top, where it holds the namespaces. */
  private dot: string | null = null;

  constructor(private readonly context: NameContext) {}

  define(name: string, cel: string): void {
    this.variables.set(name, cel);
  }

  /** Reads something for which `.` is another value. */
  inside<T>(dot: string, read: () => T): T {
    const outer = this.dot;
    this.dot = dot;
    try {
      return read();
    } finally {
      this.dot = outer;
    }
  }

  pipeline(text: string): string {
    const reader = new CommandReader(
      tokenize(text),
      (token) => this.operand(token),
      (quoted) => this.file(quoted),
    );
    const cel = reader.pipeline();
    reader.expectEnd();
    return cel;
  }

  /** A file is read while the workflow is loaded, so that every run of a version sees the same. */
  file(quoted: string): string {
    const path = unquote(quoted);
    const text = this.context.surroundings.readFile?.(path) ?? null;
    if (text === null) throw new AwfSyntaxError('file_not_found', `cannot read the file ${path}`);
    return text;
  }

  private operand({ kind, text }: Token): string {
    if (kind === 'number') return text;
    if (kind === 'text') return celText(unquote(text));
    if (text === 'true' || text === 'false') return text;
    if (text === 'nil') return 'null';
    if (text.startsWith('$')) return this.variable(text);
    if (text === '.') {
      if (this.dot === null) throw new AwfSyntaxError('unsupported', '. on its own has no value here');
      return this.dot;
    }
    const path = text.replace(/^\./, '').split('.');
    if (isNamespace(path[0] ?? '')) return celReference(path, this.context);
    if (this.dot !== null && text.startsWith('.')) return path.reduce(celMember, this.dot);
    throw new AwfSyntaxError('unknown_name', `nothing is called ${text}`);
  }

  private variable(text: string): string {
    const [name = '', ...rest] = text.split('.');
    if (name === '$') return celReference(rest, this.context);
    const value = this.variables.get(name);
    if (value === undefined) throw new AwfSyntaxError('unknown_name', `nothing is called ${name}`);
    return rest.reduce(celMember, value);
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new AwfSyntaxError('syntax', `cannot read the template from ${JSON.stringify(text.slice(at, at + 20))} on`);
    const [, quoted, number, name, sign] = match;
    if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
  }
  return tokens;
}

class CommandReader {
  private position = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly operand: (token: Token) => string,
    private readonly file: (quoted: string) => string,
  ) {}

  pipeline(): string {
    let cel = this.command(null);
    while (this.take('|')) cel = this.command(cel);
    return cel;
  }

  expectEnd(): void {
    const token = this.tokens[this.position];
    if (token !== undefined) throw new AwfSyntaxError('syntax', `did not expect ${token.text} here`);
  }

  /** One function with its operands, or one operand; what is piped in comes last. */
  private command(piped: string | null): string {
    const first = this.tokens[this.position];
    if (first === undefined) throw new AwfSyntaxError('syntax', 'a value is missing');
    const isFunction =
      first.kind === 'name' &&
      /^[A-Za-z]\w*$/.test(first.text) &&
      !['true', 'false', 'nil'].includes(first.text) &&
      !isNamespace(first.text);
    if (!isFunction) {
      const value = this.term();
      if (piped !== null) throw new AwfSyntaxError('syntax', `${first.text} is no function`);
      return value;
    }
    this.position += 1;
    const sources: Token[] = [];
    const args: string[] = [];
    for (let token = this.tokens[this.position]; token !== undefined && !isEnd(token); token = this.tokens[this.position]) {
      sources.push(token);
      args.push(this.term());
    }
    if (piped !== null) args.push(piped);
    return this.call(first.text, args, sources);
  }

  private term(): string {
    if (this.take('(')) {
      const cel = this.pipeline();
      if (!this.take(')')) throw new AwfSyntaxError('syntax', 'a ) is missing');
      return cel;
    }
    const token = this.tokens[this.position++];
    if (token === undefined || token.kind === 'sign') throw new AwfSyntaxError('syntax', `did not expect ${token?.text ?? 'the end'} here`);
    return this.operand(token);
  }

  private call(name: string, args: readonly string[], sources: readonly Token[]): string {
    const [first = '""', second = '""', ...more] = args;
    const comparison = COMPARISONS[name];
    if (comparison !== undefined && args.length >= 2) {
      if (name === 'eq' && more.length > 0)
        return `(${args
          .slice(1)
          .map((other) => `${first} == ${other}`)
          .join(' || ')})`;
      return `(${first} ${comparison} ${second})`;
    }
    if (name === 'and' || name === 'or') return `(${args.map((arg) => `truthy(${arg})`).join(name === 'and' ? ' && ' : ' || ')})`;
    switch (`${name}/${args.length}`) {
      case 'not/1':
        return `!truthy(${first})`;
      case 'escape/1':
        return `shell_quote(${first})`;
      case 'json/1':
        return `to_json(${first})`;
      case 'trimSpace/1':
        return `trim(string(${first}))`;
      case 'split/2':
        return `split(string(${first}), ${second})`;
      case 'join/2':
        return `join(${first}, ${second})`;
      case 'len/1':
        return `size(${first})`;
      case 'index/2':
        return `${first}[${second}]`;
      case 'urlquery/1':
        return `url_encode(string(${first}))`;
      case 'readFile/1':
        if (sources[0]?.kind === 'text') return celText(this.file(sources[0].text));
        throw new AwfSyntaxError('unsupported', 'readFile takes a path that is written out: files are read when the workflow is loaded');
      default:
        if (name === 'print') return `(${args.map((arg) => `string(${arg})`).join(' + ')})`;
        if (name === 'printf') return printf(sources[0], args);
        throw new AwfSyntaxError('unsupported', `there is no function ${name} of ${args.length} values`);
    }
  }

  private take(sign: string): boolean {
    const token = this.tokens[this.position];
    if (token?.kind !== 'sign' || token.text !== sign) return false;
    this.position += 1;
    return true;
  }
}

function isEnd({ kind, text }: Token): boolean {
  return kind === 'sign' && (text === '|' || text === ')');
}

function printf(format: Token | undefined, args: readonly string[]): string {
  if (format?.kind !== 'text') throw new AwfSyntaxError('unsupported', 'printf takes a format that is written out');
  const values = args.slice(1);
  const parts = unquote(format.text).split(/%([svdq%])/);
  const terms = parts.flatMap((part, index): string[] => {
    if (index % 2 === 0) return part === '' ? [] : [celText(part)];
    if (part === '%') return ['"%"'];
    const value = values.shift();
    if (value === undefined) throw new AwfSyntaxError('syntax', 'printf has too few values');
    return [part === 'q' ? `to_json(string(${value}))` : `string(${value})`];
  });
  return terms.length === 0 ? '""' : `(${terms.join(' + ')})`;
}
