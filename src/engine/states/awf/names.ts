import { AwfSyntaxError, type NameContext } from './awf-source.js';

const NAMESPACES = new Set(['inputs', 'states', 'workflow', 'env', 'context', 'error', 'loop', 'awf']);

export function isNamespace(name: string): boolean {
  return NAMESPACES.has(name);
}

/** A text as CEL writes it. */
export function celText(text: string): string {
  return JSON.stringify(text);
}

/** `base.name`, or `base["name"]` where the name asks for it. */
export function celMember(base: string, name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) && !CEL_WORDS.has(name) ? `${base}.${name}` : `${base}[${celText(name)}]`;
}

const CEL_WORDS = new Set(['in', 'true', 'false', 'null']);

/** AWF's name for a value, in either spelling of its members (`ExitCode`, `exit_code`), as a CEL expression. */
export function celReference(path: readonly string[], context: NameContext): string {
  const [root, name, ...rest] = path as [string, ...string[]];
  const shown = path.join('.');
  if (root === 'inputs') return name === undefined ? 'inputs' : members(celMember('inputs', name), rest);
  if (root === 'env') {
    if (name === undefined) throw new AwfSyntaxError('unknown_name', 'name the variable: env.<NAME>');
    context.env.add(name);
    return celMember('env', name);
  }
  if (root === 'states') return name === undefined ? 'states' : stateReference(name, rest, context, shown);
  if (root === 'loop') return loopReference(path, shown);
  if (name === undefined) throw unknown(shown);
  if (root === 'error') return fromTable(ERROR_MEMBERS, name, shown);
  if (root === 'workflow') {
    if (plain(name) === 'duration') {
      throw new AwfSyntaxError(
        'unsupported',
        `${shown}: a duration is never the same twice, so a run could not be told again from its journal`,
      );
    }
    return fromTable(WORKFLOW_MEMBERS, name, shown);
  }
  return constantOf(root, name, context, shown);
}

const ERROR_MEMBERS = { message: 'error.message', state: 'error.state', exitcode: 'error.exit_code', type: 'error.type' };
const WORKFLOW_MEMBERS = {
  id: 'workflow.id',
  name: 'workflow.name',
  currentstate: 'workflow.current_state',
  startedat: 'workflow.started_at',
};
const LOOP_MEMBERS = ['item', 'index', 'index1', 'first', 'last', 'length', 'parent'];

function stateReference(state: string, [member, ...rest]: readonly string[], context: NameContext, shown: string): string {
  const type = context.stateTypes.get(state);
  const view = celMember('states', state);
  if (member === undefined) return view;
  if (type === 'agent') {
    const found = agentReference(view, plain(member), rest);
    if (found !== null) return found;
  }
  switch (plain(member)) {
    case 'output':
      return rest.length > 0 ? members(`${view}.json`, rest) : outputOf(view, type);
    case 'stderr':
      return `${view}.stderr`;
    case 'exitcode':
      return `${view}.exit_code`;
    case 'status':
      return `(${view}.status == "success" ? "completed" : ${view}.status)`;
    case 'response':
      return operationMember(view, type, rest) ?? members(`${view}.response`, rest);
    case 'json':
    case 'data':
      return members(`${view}.json`, rest);
    case 'tokensused':
      return `${view}.response.usage.total_tokens`;
    case 'tokensinput':
      return `${view}.response.usage.input_tokens`;
    case 'tokensoutput':
      return `${view}.response.usage.output_tokens`;
    default:
      throw unknown(shown);
  }
}

/** What operations answer under another name here. */
const OPERATION_MEMBERS: Readonly<Record<string, Readonly<Record<string, (view: string) => string>>>> = {
  'http.request': { status_code: (view) => `${view}.response.status` },
  'notify.send': { backend: () => '"webhook"', response: (view) => `${view}.response.body` },
};

function operationMember(view: string, type: string | undefined, [member = '', ...rest]: readonly string[]): string | null {
  const found = OPERATION_MEMBERS[type ?? '']?.[member]?.(view);
  return found === undefined ? null : members(found, rest);
}

/** The text that an agent answered; of one that failed, nothing. */
export function agentOutput(view: string): string {
  return `(${view}.output == null ? "" : ${view}.output.response)`;
}

/** What an agent's state has that others have not; null for the rest. */
function agentReference(view: string, member: string, rest: readonly string[]): string | null {
  switch (member) {
    case 'output':
      return rest.length > 0 ? members(`${view}.output.data`, rest) : agentOutput(view);
    case 'response':
    case 'json':
    case 'data':
      return rest.length > 0 ? members(`${view}.output.data`, rest) : `${view}.output.?data.orValue(null)`;
    case 'tokensestimated':
      return 'false';
    case 'conversation':
      return CONVERSATION_MEMBERS[plain(rest[0] ?? '')]?.(view) ?? null;
    default:
      return null;
  }
}

const CONVERSATION_MEMBERS: Readonly<Record<string, (view: string) => string>> = {
  turns: (view) => `${view}.output.history`,
  totalturns: (view) => `size(${view}.output.history)`,
  totaltokens: (view) => `${view}.response.usage.total_tokens`,
};

/** AWF's `Output` is always a text. */
function outputOf(view: string, type: string | undefined): string {
  switch (type) {
    case 'command':
    case undefined:
      return `${view}.output`;
    case 'for_each':
    case 'while':
      return `("completed " + string(${view}.output.iterations) + " iterations")`;
    default:
      return `to_json(${view}.output)`;
  }
}

function loopReference(path: readonly string[], shown: string): string {
  let cel = 'loop';
  for (const [index, member] of path.slice(1).entries()) {
    const name = plain(member);
    if (!LOOP_MEMBERS.includes(name)) throw unknown(shown);
    cel = `${cel}.${name}`;
    // What an item holds is spelled as it is.
    if (name === 'item') return members(cel, path.slice(index + 2));
  }
  return cel;
}

function constantOf(root: string, name: string, context: NameContext, shown: string): string {
  const values = root === 'awf' ? context.surroundings.directories : root === 'context' ? context.surroundings.context : undefined;
  const value = values?.[name] ?? values?.[name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase()];
  if (value === undefined) throw unknown(shown);
  return celText(value);
}

function fromTable(table: Readonly<Record<string, string>>, name: string, shown: string): string {
  const found = table[plain(name)];
  if (found === undefined) throw unknown(shown);
  return found;
}

function members(base: string, rest: readonly string[]): string {
  return rest.reduce(celMember, base);
}

function plain(member: string): string {
  return member.replaceAll('_', '').toLowerCase();
}

function unknown(shown: string): AwfSyntaxError {
  return new AwfSyntaxError('unknown_name', `nothing is called ${shown}`);
}
