import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { isJsonObject, type Json, type JsonObject, StepError } from '../../engine/index.js';
import { DEFAULT_KILL_AFTER_MS, DEFAULT_MAX_OUTPUT_CHARS, DEFAULT_TIMEOUT_MS } from './shell-exec.schema.js';

/** Shorter values stand in arguments by chance. */
const MIN_SECRET_LENGTH = 8;

/** What a resolved config asks for. */
export interface ShellRequest {
  readonly command: string | null;
  readonly script: string | null;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string | null;
  readonly stdin: string | null;
  readonly timeoutMs: number;
  readonly killAfterMs: number;
  readonly failOnError: boolean;
  /** Null: all are. */
  readonly retryable: ReadonlySet<number> | null;
  readonly maxOutputChars: number;
}

export function readRequest(config: JsonObject): ShellRequest {
  const codes = config['retry_exit_codes'];
  return {
    command: textOrNull(config['command']),
    script: textOrNull(config['script']),
    args: Array.isArray(config['args']) ? config['args'].map(String) : [],
    env: environmentOf(config['env']),
    workdir: textOrNull(config['workdir']),
    stdin: textOrNull(config['stdin']),
    timeoutMs: numberOr(config['timeout_ms'], DEFAULT_TIMEOUT_MS),
    killAfterMs: numberOr(config['kill_after_ms'], DEFAULT_KILL_AFTER_MS),
    failOnError: config['fail_on_error'] !== false,
    retryable: Array.isArray(codes) ? new Set(codes.filter((code) => typeof code === 'number')) : null,
    maxOutputChars: numberOr(config['max_output_chars'], DEFAULT_MAX_OUTPUT_CHARS),
  };
}

/** Arguments can be read by every user of the machine. Catches what the check of the definition cannot see: secrets that took a detour. */
export function refuseSecretArguments({ command, args }: ShellRequest, secrets: readonly string[]): void {
  const words = [command ?? '', ...args];
  const shown = secrets.some((secret) => secret.length >= MIN_SECRET_LENGTH && words.some((word) => word.includes(secret)));
  if (!shown) return;
  throw new StepError('secret_in_arguments', 'An argument holds a secret; give secrets in env, stdin or script.', { retryable: false });
}

/** The directory to work in. Only a trusted definition may leave the workspace. */
export async function findWorkdir(workdir: string | null, files: string, trusted: boolean): Promise<string> {
  if (workdir === null) return files;
  if (isAbsolute(workdir) && !trusted) {
    throw badWorkdir(workdir, 'is absolute, which only definitions from a directory of the operator may use');
  }
  const path = await realDirectory(resolve(files, workdir));
  if (path === null) throw badWorkdir(workdir, 'is not a directory');
  if (!trusted && !isWithin(path, await realpath(files))) throw badWorkdir(workdir, "is outside of the run's workspace");
  return path;
}

async function realDirectory(path: string): Promise<string | null> {
  try {
    const real = await realpath(path);
    return (await stat(real)).isDirectory() ? real : null;
  } catch {
    return null;
  }
}

function isWithin(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function badWorkdir(workdir: string, what: string): StepError {
  return new StepError('bad_workdir', `workdir ${JSON.stringify(workdir)} ${what}.`, { retryable: false });
}

function environmentOf(value: Json | undefined): Record<string, string> {
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.flatMap(([name, entry]) => (entry === null ? [] : [[name, String(entry)]])));
}

function textOrNull(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOr(value: Json | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
