import { isJsonObject, type Json, type JsonObject } from '../../../../engine/model/json.js';

/** Members of a step by what they become. The first that is written is meant. */
const WRITTEN: Readonly<Record<string, readonly string[]>> = {
  branches: ['parallel'],
  command: ['command', 'script_file'],
  script: ['script_file'],
  workdir: ['dir'],
  timeout_ms: ['timeout'],
  node: ['operation'],
  config: ['inputs', 'operation_inputs'],
  env: [],
};
const HOOKS: Readonly<Record<string, string>> = { pre: 'pre_hook', post: 'post_hook' };

/** A pointer into the native definition as one into the AWF file it came from. */
export function writtenPointer(pointer: string, file: Json): string {
  const [, root = '', name = '', member, ...rest] = pointer.split('/');
  if (root === 'initial') return '/states/initial';
  if (root === 'outputs' || root === 'settings' || root === 'env') return '';
  if (root !== 'states' || member === undefined) return pointer;
  const steps = isJsonObject(file) && isJsonObject(file['states']) ? file['states'] : {};
  const step = steps[unescaped(name)];
  const at = `/states/${name}`;
  // A step that a template brought along.
  if (!isJsonObject(step)) return '/states';
  if (step['type'] === 'agent' && (member === 'config' || member === 'node')) return agentPointer(at, step, rest);
  if (member === 'hooks' && !isJsonObject(step['hooks'])) return [at, HOOKS[rest[0] ?? ''] ?? 'hooks', ...rest.slice(1)].join('/');
  const known = WRITTEN[member];
  if (known === undefined) return pointer;
  const written = known.find((key) => step[key] !== undefined);
  return written === undefined ? at : [at, written, ...rest].join('/');
}

/** Members of an agent step, by the beginning of what they become in the config of a node. */
const AGENT_MEMBERS: readonly (readonly [string, readonly string[]])[] = [
  ['agent/model/primary/provider', ['provider']],
  ['agent/model', ['options', 'provider']],
  ['agent/orchestration', ['timeout']],
  ['context', ['system_prompt', 'role']],
  ['format', ['output_format']],
  ['history', ['conversation']],
  ['query', ['prompt', 'prompt_file']],
];

function agentPointer(at: string, step: JsonObject, rest: readonly string[]): string {
  const place = rest.join('/');
  const [, written = []] = AGENT_MEMBERS.find(([beginning]) => place.startsWith(beginning)) ?? [];
  const key = written.find((each) => step[each] !== undefined);
  return key === undefined ? at : `${at}/${key}`;
}

function unescaped(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
