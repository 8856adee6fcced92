import { pointerTo } from '../../../../engine/expressions/index.js';
import { type DefinitionFault, WORKFLOW_NAME_PATTERN } from '../../../../engine/graph/index.js';
import type { GraphDefinition, NodeDefinition } from '../../../../engine/model/definition.js';
import { isJsonObject, type Json, type JsonObject } from '../../../../engine/model/json.js';
import { type JobArguments, readArguments } from './job-arguments.js';
import { bashDeclarations, environmentOf, literal, powershellDeclarations } from './job-environment.js';
import { JobFaults } from './job-faults.js';
import { readSecrets } from './job-secrets.js';
import { type JobStep, readDuration, readLimit, readRetries, readSteps, stepPointer } from './job-steps.js';

/** What a job's configuration does not say itself. */
export interface JobSurroundings {
  /** `namespace/name`, unless the configuration has an id. */
  readonly name: string;
  /** Absolute path of its directory, where its processes run. */
  readonly directory: string;
  /** Scripts in it by which it may be made up, sorted. */
  readonly phaseScripts?: readonly string[];
  /** Paths of the shell scripts, from its directory, that bash reads before its own. */
  readonly libraries?: readonly string[];
}

export type JobTranslation =
  | {
      readonly definition: GraphDefinition;
      readonly warnings: readonly DefinitionFault[];
      readonly label: string | null;
      /** Turns a pointer into the definition into one into the configuration. */
      readonly pointer: (path: string) => string;
    }
  | { readonly errors: readonly DefinitionFault[] };

type Interpreter = 'bash' | 'pwsh' | 'python3';

const INTERPRETERS: Readonly<Record<string, Interpreter>> = {
  'ulc.shell.bash': 'bash',
  'ulc.shell.pwsh': 'pwsh',
  'ulc.python.3': 'python3',
  bash: 'bash',
  pwsh: 'pwsh',
  python3: 'python3',
};
const KNOWN = new Set(
  (
    'version id name summary description executor image ulc_profile interpreter command argspec arguments composition steps security_profile ' +
    'exec_profile timeouts timeout artifacts serviceBindings env secrets retries retry_backoff error_handling job jobs env_inheritance ' +
    'aliases container tags'
  ).split(' '),
);
const DEFAULT_BACKOFF_MS = 1_000;
/** As long as one process may run at most. */
const MAX_STEP_MS = 7 * 86_400_000;

/** A flwd job's `config.yaml`, parsed, as a graph whose nodes are processes. Pure: what lies beside it comes from the surroundings. */
export function translateJob(config: Json, surroundings: JobSurroundings): JobTranslation {
  if (!isJsonObject(config)) return { errors: [{ path: '', code: 'type', message: 'the configuration of a job is a mapping' }] };
  const faults = new JobFaults();
  for (const key of Object.keys(config)) {
    if (!KNOWN.has(key)) faults.warn(pointerTo('', key), 'unknown_key', `nothing reads ${key}`);
  }
  const about = readAbout(config, surroundings, faults);
  refuseContainers(config, faults);
  const interpreter = readInterpreter(config, faults);
  const args = readArguments(config, faults);
  const env = environmentOf(readVariables(config, faults), args, readSecrets(config, faults));
  const { composition, steps } = readSteps(config, surroundings.phaseScripts ?? [], faults);
  const runner = composition === 'single' && interpreter === 'python3' ? 'bash' : interpreter;
  const timeouts = readTimeouts(config, faults);
  const policy = readPolicy(config, faults);
  const artifacts = readArtifacts(config, faults);
  const prelude = preludeOf(runner, args, [...artifacts, ...sourcesOf(surroundings)]);
  if (faults.errors.length > 0) return { errors: faults.errors };

  const definition: GraphDefinition = {
    ...about,
    inputs: args.inputs,
    nodes: steps.map((step): NodeDefinition => {
      const timeoutMs = step.timeoutMs ?? timeouts.step ?? timeouts.run;
      const retries = step.retries ?? policy.retries;
      return {
        id: step.node,
        type: 'shell.exec',
        name: step.name,
        ...(step.needs.length === 0 ? {} : { needs: step.needs }),
        ...(step.needs.length === 0 || !policy.goesOn ? {} : { join: 'all_done' as const }),
        config: {
          script: literal([`#!/usr/bin/env ${runner}`, ...prelude, step.script.trimEnd(), ''].join('\n')),
          workdir: literal(surroundings.directory),
          env,
          ...(timeoutMs === undefined ? {} : { timeout_ms: Math.min(timeoutMs, MAX_STEP_MS) }),
        },
        ...(retries === 0
          ? {}
          : { retry: { max_attempts: retries + 1, backoff: 'constant' as const, initial_delay_ms: policy.backoffMs } }),
        ...(policy.goesOn ? { on_error: 'continue' as const } : {}),
      };
    }),
    outputs: composition === 'single' ? outputOf('run') : { value: valueOf(steps.at(-1)?.node ?? ''), steps: outputsOf(steps) },
    ...(timeouts.run === undefined ? {} : { settings: { timeout_ms: timeouts.run } }),
  };
  const { version } = config;
  const label = typeof version === 'string' || typeof version === 'number' ? String(version) : null;
  return { definition, warnings: faults.warnings, label, pointer: (path) => pointerOf(path, steps, config) };
}

function readAbout(
  config: JsonObject,
  { name }: JobSurroundings,
  faults: JobFaults,
): Pick<GraphDefinition, 'name' | 'description' | 'tags'> {
  const job = faults.mapping(config, 'job') ?? {};
  const jobs = config['jobs'] ?? [];
  if (!Array.isArray(jobs) || jobs.length > 1) faults.error('/jobs', 'unsupported', 'a directory is one job');
  const only = Array.isArray(jobs) && isJsonObject(jobs[0]) ? jobs[0] : job;
  const id = faults.text(only, 'id', only === job ? '/job' : '/jobs/0') ?? faults.text(config, 'id');
  if (!new RegExp(WORKFLOW_NAME_PATTERN).test(id ?? name)) {
    const where = id === undefined ? '' : (config['id'] ?? null) === null ? (only === job ? '/job/id' : '/jobs/0/id') : '/id';
    const what = id === undefined ? `its place, ${name}, is its name, which` : 'the name of a job';
    faults.error(where, 'bad_name', `${what} has at most five levels of letters, digits, dots, dashes and underscores`);
  }
  const title = faults.text(config, 'name') ?? faults.text(only, 'name');
  const summary = faults.text(config, 'description') ?? faults.text(config, 'summary') ?? faults.text(only, 'summary');
  const description = summary ?? (title === (id ?? name).split('/').at(-1) ? undefined : title);
  const tags = [...new Set(faults.texts(config, 'tags'))];
  return { name: id ?? name, ...(description === undefined ? {} : { description }), ...(tags.length === 0 ? {} : { tags }) };
}

function refuseContainers(config: JsonObject, faults: JobFaults): void {
  if (faults.word(config, 'executor', ['proc', 'shell', 'container']) === 'container') {
    faults.error('/executor', 'unsupported', 'this server runs processes, not containers: executor proc');
  }
  for (const key of ['image', 'container']) {
    if ((config[key] ?? null) !== null) faults.warn(`/${key}`, 'not_kept', 'means nothing without containers');
  }
  faults.word(config, 'security_profile', ['secure', 'permissive', 'disabled']);
  if (faults.word(config, 'exec_profile', ['standard', 'privileged']) === 'privileged') {
    faults.warn('/exec_profile', 'not_kept', 'processes have the rights of the server, never more');
  }
  if (config['env_inheritance'] === true) faults.warn('/env_inheritance', 'not_kept', 'processes never see the environment of the server');
  for (const key of ['serviceBindings', 'aliases']) {
    const value = config[key];
    if (Array.isArray(value) && value.length > 0) faults.warn(`/${key}`, 'not_kept', 'is not supported');
  }
}

function readInterpreter(config: JsonObject, faults: JobFaults): Interpreter {
  const key = (config['ulc_profile'] ?? null) === null ? 'interpreter' : 'ulc_profile';
  const named = faults.text(config, key);
  if (named === undefined) return 'bash';
  const interpreter = INTERPRETERS[named.replace(/^\/usr\/bin\/env\s+|^(\/usr)?\/bin\//, '').trim()];
  if (interpreter === undefined) {
    faults.error(`/${key}`, 'unsupported', `cannot run ${named}; known are ulc.shell.bash, ulc.shell.pwsh and ulc.python.3`);
  }
  return interpreter ?? 'bash';
}

function readVariables(config: JsonObject, faults: JobFaults): Record<string, string> {
  const entries = Object.entries(faults.mapping(config, 'env') ?? {});
  return Object.fromEntries(
    entries.flatMap(([name, value]) => {
      if (!/^(?!HEDDLE_)[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        faults.error(pointerTo('/env', name), 'pattern', 'no variable of the environment can be called so, or it is one of Heddle');
      } else if (typeof value === 'object' && value !== null) {
        faults.error(pointerTo('/env', name), 'type', 'must be a text');
      } else if (value !== null) {
        return [[name, String(value)]];
      }
      return [];
    }),
  );
}

function readTimeouts(config: JsonObject, faults: JobFaults): { readonly run: number | undefined; readonly step: number | undefined } {
  const timeouts = faults.mapping(config, 'timeouts') ?? {};
  return {
    run: readLimit(timeouts, 'run', '/timeouts', faults) ?? readLimit(config, 'timeout', '', faults),
    step: readLimit(timeouts, 'step', '/timeouts', faults),
  };
}

interface Policy {
  readonly retries: number;
  readonly backoffMs: number;
  /** A step that fails does not keep the others from running. */
  readonly goesOn: boolean;
}

function readPolicy(config: JsonObject, faults: JobFaults): Policy {
  const handling = faults.mapping(config, 'error_handling') ?? {};
  const policy = faults.word(handling, 'policy', ['abort', 'continue', 'retry', 'strict'], '/error_handling');
  const handled = policy === 'retry' ? readRetries(handling, '/error_handling', faults) : undefined;
  const backoffMs =
    readDuration(handling, 'retry_backoff', '/error_handling', faults) ??
    readDuration(config, 'retry_backoff', '', faults) ??
    DEFAULT_BACKOFF_MS;
  return { retries: readRetries(config, '', faults) ?? handled ?? 0, backoffMs, goesOn: policy === 'continue' };
}

/** What every script begins with. */
function preludeOf(interpreter: Interpreter, args: JobArguments, bashLines: readonly string[]): readonly string[] {
  if (interpreter === 'python3') return [];
  if (interpreter === 'pwsh') return powershellDeclarations(args);
  const directories = 'export RUN_DIR="$HEDDLE_WORKSPACE" FLWD_RUN_DIR="$HEDDLE_WORKSPACE" FLOWD_RUN_DIR="$HEDDLE_WORKSPACE"';
  return [directories, ...bashDeclarations(args), ...bashLines];
}

function sourcesOf({ libraries = [] }: JobSurroundings): string[] {
  return libraries.map((library) => `. ${quote(`./${library}`)}`);
}

/** Lines of bash that send artifacts to where the job wants them. */
function readArtifacts(config: JsonObject, faults: JobFaults): string[] {
  const artifacts = faults.mapping(config, 'artifacts') ?? {};
  if (faults.word(artifacts, 'mode', ['immutable', 'mutable'], '/artifacts') === 'mutable') {
    faults.warn('/artifacts/mode', 'not_kept', 'artifacts never change');
  }
  const pattern = faults.text(artifacts, 'default_key_pattern', '/artifacts');
  return pattern === undefined ? [] : [artifactDirectory(pattern, faults)];
}

/** Files kept as artifacts are named by their place below the directory for them, so that a pattern is a directory. */
function artifactDirectory(pattern: string, faults: JobFaults): string {
  const segments = pattern.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    faults.error('/artifacts/default_key_pattern', 'pattern', 'must be a path such as backups/{run_id}');
  }
  const path = pattern
    .split('{run_id}')
    .map((text) => (text === '' ? '' : quote(text)))
    .join('"$HEDDLE_RUN_ID"');
  return `export HEDDLE_ARTIFACTS="$HEDDLE_ARTIFACTS"/${path}; mkdir -p "$HEDDLE_ARTIFACTS"`;
}

/** The value a job's process leaves is what it writes to `$HEDDLE_RESULT`. */
function valueOf(node: string): string {
  const step = `nodes[${JSON.stringify(node)}]`;
  return `{{ ${step}.status == "success" && "result" in ${step}.output ? ${step}.output.result : null }}`;
}

function outputOf(node: string): JsonObject {
  const step = `nodes[${JSON.stringify(node)}]`;
  return { value: valueOf(node), exit_code: `{{ ${step}.status == "success" ? ${step}.output.exit_code : null }}` };
}

function outputsOf(steps: readonly JobStep[]): JsonObject {
  return Object.fromEntries(steps.map(({ node }) => [node, outputOf(node)]));
}

function pointerOf(path: string, steps: readonly JobStep[], config: JsonObject): string {
  if (path === '/inputs' || path.startsWith('/inputs/')) {
    return 'argspec' in config ? path.replace('/inputs', '/argspec') : path.replace(/^\/inputs(\/properties)?/, '/arguments');
  }
  if (path.startsWith('/settings/timeout_ms')) return '/timeouts/run';
  return stepPointer(steps, path);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
