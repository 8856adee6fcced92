import { readFileSync, statSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { DefinitionFault } from '../../../../engine/graph/index.js';
import { isJsonObject, type Json, type JsonObject } from '../../../../engine/model/json.js';
import { translateAwf, type AwfSurroundings } from '../../../../engine/states/index.js';
import { parseYaml } from '../../parse-definition.js';
import { writtenPointer } from './awf-pointers.js';
import type { DefinitionFile, DefinitionFormat, FormatReading } from './definition-format.js';

const MAX_READ_BYTES = 1024 * 1024;
/** Folders beside the workflows that their texts name as `awf.<folder>_dir`. */
const FOLDERS = ['prompts', 'scripts', 'skills', 'workflows', 'plugins', 'data', 'cache'];

/** Workflows in the YAML of AWF, as they are. Step templates (`templates/<name>.yaml`) become part of the workflows that use them. */
export const awfFormat: DefinitionFormat = {
  name: 'awf',
  recognises: ({ value }) =>
    isJsonObject(value) && isJsonObject(value['states']) && !('kind' in value) && !('nodes' in value) && !('initial' in value),
  read: (file) => Promise.resolve(read(file)),
};

function read(file: DefinitionFile): FormatReading | null {
  const { root, path, value } = file;
  if (isTemplate(file)) return null;
  const place = relative(root, path).split(sep).join('/');
  const base = baseOf(root, dirname(path));
  const surroundings = new Surroundings(root, dirname(path), base);
  const name = place.slice(0, -extname(place).length).replace(/^workflows\//, '');
  const translated = translateAwf(value, name, surroundings);
  const version = isJsonObject(value) ? value['version'] : undefined;
  const written = (faults: readonly DefinitionFault[]): DefinitionFault[] => faults.map((fault) => ({ ...fault }));
  if ('errors' in translated) return { errors: written(translated.errors), related: surroundings.related };
  return {
    definition: calledBesides(translated.definition as unknown as JsonObject, name, surroundings),
    warnings: written(translated.warnings),
    label: typeof version === 'string' || typeof version === 'number' ? String(version) : null,
    pointer: (pointer) => writtenPointer(pointer, value),
    related: surroundings.related,
  };
}

function isTemplate({ path, value }: DefinitionFile): boolean {
  const steps = isJsonObject(value) && isJsonObject(value['states']) ? value['states'] : {};
  return basename(dirname(path)) === 'templates' && !('initial' in steps);
}

/** What AWF calls its configuration directory: where the folder of workflows lies. */
function baseOf(root: string, folder: string): string {
  return basename(folder) === 'workflows' ? dirname(folder) : root;
}

/** What a workflow's texts may refer to, read from the machine; notes what it looked at. */
class Surroundings implements AwfSurroundings {
  readonly related: string[] = [];
  readonly directories: Readonly<Record<string, string>>;
  readonly context: Readonly<Record<string, string>>;

  constructor(
    private readonly root: string,
    private readonly folder: string,
    private readonly base: string,
  ) {
    this.directories = {
      config_dir: base,
      ...Object.fromEntries(FOLDERS.map((name) => [`${name}_dir`, join(base, name)])),
    };
    this.context = { working_dir: process.cwd(), user: userName(), hostname: hostname() };
  }

  readFile(written: string): string | null {
    return this.read(this.pathOf(written));
  }

  template(name: string): JsonObject | null {
    if (!/^[\w.-]+$/.test(name)) return null;
    const folders = new Set([join(this.base, 'templates'), join(this.folder, 'templates'), join(this.root, 'templates')]);
    for (const folder of folders) {
      const text = this.read(join(folder, `${name}.yaml`));
      if (text === null) continue;
      const parsed = parseYaml(text);
      return 'value' in parsed && isJsonObject(parsed.value) ? parsed.value : null;
    }
    return null;
  }

  /** Whether a workflow lies beside this one. */
  hasBeside(name: string): boolean {
    const path = join(this.folder, `${name}.yaml`);
    this.related.push(path);
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  }

  private pathOf(written: string): string {
    if (written.startsWith('~/')) return join(homedir(), written.slice(2));
    return isAbsolute(written) ? written : resolve(this.folder, written);
  }

  private read(path: string): string | null {
    this.related.push(path);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() !== true || stats.size > MAX_READ_BYTES) return null;
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  }
}

/** None where the system knows the user by its number only. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}

/** A workflow calls those beside it by their names alone. */
function calledBesides(definition: JsonObject, name: string, surroundings: Surroundings): JsonObject {
  const namespace = name.includes('/') ? name.slice(0, name.lastIndexOf('/') + 1) : '';
  const { states } = definition;
  if (namespace === '' || !isJsonObject(states)) return definition;
  const named = (state: Json): Json => {
    if (!isJsonObject(state) || state['type'] !== 'call_workflow' || typeof state['workflow'] !== 'string') return state;
    const { workflow } = state;
    return /^[\w.-]+$/.test(workflow) && surroundings.hasBeside(workflow) ? { ...state, workflow: `${namespace}${workflow}` } : state;
  };
  return { ...definition, states: Object.fromEntries(Object.entries(states).map(([key, state]) => [key, named(state)])) };
}
