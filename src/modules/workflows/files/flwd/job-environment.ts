import type { JsonObject } from '../../../../engine/model/json.js';
import type { JobArgument, JobArguments } from './job-arguments.js';
import { type JobSecret, secretNameOf } from './job-secrets.js';

/** Names that mean something to shells, the loader or Heddle: an argument called so is found under `ARG_<NAME>` only. */
const RESERVED =
  /^(PATH|HOME|IFS|ENV|PWD|OLDPWD|SHELL|SHELLOPTS|BASHOPTS|PS[0-4]|PROMPT_COMMAND|UID|EUID|PPID|GROUPS|RANDOM|SECONDS|LINENO|FUNCNAME|DIRSTACK|PIPESTATUS|CDPATH|GLOBIGNORE|TMPDIR|NODE_OPTIONS|(BASH|LD|DYLD|ARG|HEDDLE|FLWD|FLOWD|PYTHON|RUN)_?\w*)$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Variables of PowerShell itself. */
const POWERSHELL = /^(args|error|event|false|host|input|lastexitcode|matches|null|pid|profile|psitem|true|this|_)$/i;
/** Holds the words of a list or map on their way to bash. */
const WORDS = 'FLWD_WORDS_';

/** Text that no expression is looked for in. */
export function literal(text: string): string {
  return text.replaceAll('{{', String.raw`\{{`);
}

/**
 * The environment of a job's processes. An argument is `ARG_<NAME>` and, where its name can be a variable's, a variable of that
 * name; lists and maps are JSON there. `FLWD_ARGS_JSON` has them all. Secrets are in variables of their own.
 */
export function environmentOf(variables: Readonly<Record<string, string>>, args: JobArguments, secrets: readonly JobSecret[]): JsonObject {
  const env: JsonObject = {};
  for (const [name, value] of Object.entries(variables)) env[name] = literal(value);
  for (const argument of args.list) {
    const value = template(argument, `string(${access(argument)})`);
    env[`ARG_${secretNameOf(argument.name)}`] = value;
    if (isVariable(argument.name)) env[argument.name] = value;
    if (argument.kind !== 'scalar') env[`${WORDS}${secretNameOf(argument.name)}`] = template(argument, wordsOf(argument));
  }
  env['FLWD_ARGS_JSON'] = '{{ to_json(inputs) }}';
  const ofArguments = args.secrets.map(({ name, required }) => ({ variable: name, name: secretNameOf(name), required }));
  for (const { variable, name, required } of [...ofArguments, ...secrets]) {
    if (VARIABLE.test(variable)) env[variable] = required ? `{{ secrets.${name} }}` : `{{ has(secrets.${name}) ? secrets.${name} : null }}`;
  }
  return env;
}

/** Lines of bash that turn the lists and maps among the arguments into arrays. */
export function bashDeclarations(args: JobArguments): string[] {
  return args.list.flatMap(({ name, kind }) => {
    if (kind === 'scalar' || !isVariable(name)) return [];
    const words = `${WORDS}${secretNameOf(name)}`;
    const declaration = kind === 'list' ? `declare -a ${name}` : `declare -A ${name}`;
    return [`unset ${name}; eval "${declaration}=(\${${words}-})"; unset ${words}`];
  });
}

/** Lines of PowerShell that make the arguments variables. */
export function powershellDeclarations(args: JobArguments): string[] {
  const names = args.list.map(({ name }) => name).filter((name) => isVariable(name) && !POWERSHELL.test(name));
  return ['$FlwdArgs = $env:FLWD_ARGS_JSON | ConvertFrom-Json', ...names.map((name) => `$${name} = $FlwdArgs.${name}`)];
}

function isVariable(name: string): boolean {
  return VARIABLE.test(name) && !RESERVED.test(name);
}

function access({ name }: JobArgument): string {
  return `inputs[${JSON.stringify(name)}]`;
}

function template(argument: JobArgument, value: string): string {
  return argument.present ? `{{ ${value} }}` : `{{ ${JSON.stringify(argument.name)} in inputs ? ${value} : null }}`;
}

function wordsOf(argument: JobArgument): string {
  const from = access(argument);
  return argument.kind === 'list'
    ? `join(${from}.map(item, shell_quote(item)), " ")`
    : `join(${from}.filter(key, key != "").map(key, "[" + shell_quote(key) + "]=" + shell_quote(${from}[key])), " ")`;
}
