import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { parseJson } from '../../../platform/http/json-text.js';
import { parseYaml, type ParsedDefinition } from '../parse-definition.js';

const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);
/** Directories below the source's, so that jobs may lie in four levels of namespaces. */
export const MAX_DEPTH = 6;
const MAX_FILE_BYTES = 16 * 1024 * 1024;
/** What flwd itself is configured with. */
const FLWD_OWN = /^flwd(\.policy)?\.ya?ml$/;
const JOB_CONFIG = /^config\.ya?ml$/;

/** Whether a path may hold a definition by its name. */
export function mayHoldDefinition(path: string): boolean {
  const name = basename(path);
  return EXTENSIONS.has(extname(path).toLowerCase()) && !name.startsWith('.') && !FLWD_OWN.test(name);
}

/** Whether a path below a directory of definitions is passed over, with all below it. */
export function isIgnored(root: string, path: string): boolean {
  return relative(root, path)
    .split(sep)
    .some((part) => part === 'node_modules' || (part.startsWith('.') && part !== '.' && part !== '..'));
}

/** Whether a file configures the job whose directory it lies in. */
export function isJobConfig(path: string): boolean {
  return JOB_CONFIG.test(basename(path));
}

/** The directory of the job that a file configures. */
export function jobDirectory(path: string): string {
  const directory = dirname(path);
  return basename(directory) === 'config.d' ? dirname(directory) : directory;
}

/** Where a file's definition lies in its source: the directory of a job, with `/`, or the file itself. */
export function placeOf(root: string, path: string): string {
  const place = relative(root, isJobConfig(path) ? jobDirectory(path) : path);
  return place === '' ? '.' : place.split(sep).join('/');
}

/** Every file below a directory that may hold a definition, absolute and in order; the configurations of jobs before what lies beside them. */
export async function listDefinitionFiles(directory: string, depth = 0): Promise<string[]> {
  const files: string[] = [];
  const directories: string[] = [];
  for (const entry of (await readdir(directory)).toSorted()) {
    if (entry.startsWith('.') || entry === 'node_modules') continue;
    const path = join(directory, entry);
    // Follows links: Kubernetes mounts files as links into a directory it swaps.
    const stats = await stat(path).catch(() => null);
    if (stats?.isDirectory() && depth < MAX_DEPTH) directories.push(path);
    else if (stats?.isFile() && mayHoldDefinition(path)) files.push(path);
  }
  const below = await Promise.all(directories.map((path) => listDefinitionFiles(path, depth + 1)));
  const configs = files.filter(isJobConfig);
  return [...configs, ...files.filter((file) => !configs.includes(file)), ...below.flat()];
}

/** What a file holds, or where its YAML is malformed. Throws when it cannot be read. */
export async function parseFile(path: string): Promise<ParsedDefinition> {
  const { size } = await stat(path);
  if (size > MAX_FILE_BYTES) throw new Error(`the file is larger than ${MAX_FILE_BYTES} bytes`);
  const text = await readFile(path, 'utf8');
  return extname(path).toLowerCase() === '.json' ? { value: parseJson(text) } : parseYaml(text);
}

/** Differs when one of the paths was written, appeared or disappeared. */
export async function fingerprintOf(paths: readonly string[]): Promise<string> {
  const marks = await Promise.all(
    paths.map(async (path) => {
      const stats = await stat(path).catch(() => null);
      return stats === null ? `${path} -` : `${path} ${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`;
    }),
  );
  return marks.join('\n');
}

/** SHA-256 in hex over the files among the paths, named from `root`; null when none is a file. */
export async function digestOf(root: string, paths: readonly string[]): Promise<string | null> {
  const hash = createHash('sha256');
  let files = 0;
  for (const path of [...new Set(paths)].toSorted()) {
    const stats = await stat(path).catch(() => null);
    if (stats?.isFile() !== true) continue;
    files += 1;
    const content = stats.size > MAX_FILE_BYTES ? `${stats.size} bytes` : await readFile(path);
    hash.update(`${relative(root, path)}\0`).update(createHash('sha256').update(content).digest());
  }
  return files === 0 ? null : hash.digest('hex');
}
