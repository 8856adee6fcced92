import { isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';
import { parseJson } from '../../../modules/nodes/index.js';
import { configurationError, textOf } from './ports.js';

const STDIN = 'stdin';
const NO_TIMEOUT_MS = 604_800_000;
const MAX_OUTPUT_CHARS = 4_194_304;
/** The system takes no longer variables; on standard input there is room. */
const MAX_EXPORTED = 65_536;

/**
 * Variables that the system, shells and interpreters obey. Inputs do not become these: whoever may start a run need not be
 * trusted with what it executes.
 */
const OBEYED = new RegExp(
  `^(?:${[
    'PATH|HOME|LANG|LANGUAGE|TMPDIR|SHELL|IFS|ENV|PS4|CDPATH|SHELLOPTS|CLASSPATH|GCONV_PATH|LOCPATH|NLSPATH|HOSTALIASES',
    'NODE_OPTIONS|NODE_PATH|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|SSL_CERT_FILE|SSL_CERT_DIR|(?:HTTPS?|ALL|NO)_PROXY',
    '(?:LC|LD|DYLD|GLIBC|MALLOC|GIT|NPM_CONFIG|HEDDLE)_.*',
    '(?:BASH|PYTHON|PERL|RUBY).*',
  ].join('|')})$`,
);

/** The native config of a command: its inputs are on standard input and, in upper case, in its environment. */
export function shellConfig(config: JsonObject, ports: JsonObject): JsonObject {
  const stdin = ports[STDIN] ?? config[STDIN] ?? (Object.keys(ports).length === 0 ? null : ports);
  return {
    ...programOf(config),
    env: { ...exported(ports), ...objectOf(config['env_passthrough']), ...texts(objectOf(config['env'])) },
    ...(stdin === null ? {} : { stdin: textOf(stdin) }),
    ...(typeof config['workdir'] === 'string' ? { workdir: config['workdir'] } : {}),
    timeout_ms: typeof config['timeout'] === 'number' ? Math.round(config['timeout'] * 1_000) : NO_TIMEOUT_MS,
    fail_on_error: config['fail_on_error'] !== false,
    max_output_chars: MAX_OUTPUT_CHARS,
  };
}

/** What goes out of the ports, of what the process left. */
export function shellOutputs(config: JsonObject, left: JsonObject): JsonObject {
  const captured = config['capture_stdout'] === false ? '' : String(left['stdout'] ?? '');
  const stdout = config['strip_trailing_newline'] === false ? captured : captured.replace(/[\r\n]+$/, '');
  return {
    output: parsedOr(stdout),
    stdout,
    stderr: config['capture_stderr'] === false ? '' : String(left['stderr'] ?? ''),
    exit_code: left['exit_code'] ?? null,
    success: left['exit_code'] === 0,
  };
}

function programOf({ command, args, shell }: JsonObject): JsonObject {
  if (typeof command !== 'string' || command === '') throw configurationError('command is required');
  const words = argumentsOf(args);
  return shell === true ? { script: [command, ...words].join(' ') } : { command, args: words };
}

function argumentsOf(args: Json | undefined): string[] {
  if (typeof args === 'string') return args.split(/\s+/).filter((word) => word !== '');
  return Array.isArray(args) ? args.map(textOf) : [];
}

function exported(ports: JsonObject): JsonObject {
  const variables = Object.entries(ports).flatMap(([port, value]): [string, string][] => {
    const name = port
      .toUpperCase()
      .replaceAll(/[^A-Z0-9_]/g, '_')
      .replace(/^\d/, '_$&');
    if (port === STDIN || name === '' || value === null || OBEYED.test(name)) return [];
    const text = textOf(value);
    return text.length > MAX_EXPORTED || text.includes('\0') ? [] : [[name, text]];
  });
  return Object.fromEntries(variables);
}

function texts(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === null ? null : textOf(value)]));
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function parsedOr(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
