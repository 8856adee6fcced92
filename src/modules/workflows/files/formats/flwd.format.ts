import { readdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isJsonObject, type Json } from '../../../../engine/model/json.js';
import { isJobConfig, jobDirectory, placeOf } from '../definition-files.js';
import { PHASE_SCRIPT } from '../flwd/job-steps.js';
import { translateJob } from '../flwd/translate-job.js';
import type { DefinitionFile, DefinitionFormat, FormatReading } from './definition-format.js';

/** Words of scripts that are looked up in the directory of their job. */
const MAX_WORDS = 200;

/** Jobs of flwd: a directory with a `config.yaml`, which may also lie in its `config.d`. */
export const flwdFormat: DefinitionFormat = {
  name: 'flwd',
  recognises: ({ path, value }) => isJobConfig(path) && !(isJsonObject(value) && ('nodes' in value || 'states' in value)),
  read,
};

async function read({ sourceName, root, path, value }: DefinitionFile): Promise<FormatReading> {
  const directory = jobDirectory(path);
  const place = placeOf(root, path);
  const libraries = await librariesOf(root, directory);
  const phaseScripts = (await entriesOf(directory)).filter((entry) => PHASE_SCRIPT.test(entry));
  const translated = translateJob(value, {
    name: place === '.' ? sourceName : place,
    directory,
    phaseScripts,
    libraries: libraries.map((library) => relative(directory, library).split(sep).join('/')),
  });
  const named = await namedFiles(directory, value);
  const related = [directory, ...libraries, ...phaseScripts.map((script) => join(directory, script)), ...named];
  if ('errors' in translated) return { errors: translated.errors, related };
  return {
    definition: translated.definition as unknown as Json,
    warnings: translated.warnings,
    label: translated.label,
    pointer: translated.pointer,
    related,
  };
}

/** Shell scripts that jobs share: `config.d/vars` and `config.d/libs` of every directory from the root down. */
async function librariesOf(root: string, directory: string): Promise<string[]> {
  const levels = [directory];
  while (levels[0] !== undefined && levels[0] !== root && levels[0] !== dirname(levels[0])) levels.unshift(dirname(levels[0]));
  const folders = levels.flatMap((level) => [join(level, 'config.d', 'vars'), join(level, 'config.d', 'libs')]);
  const files = await Promise.all(
    folders.map(async (folder) => (await entriesOf(folder)).filter((entry) => entry.endsWith('.sh')).map((entry) => join(folder, entry))),
  );
  return files.flat();
}

/** The files of its directory that a job's command and scripts name: their content is a part of the job. */
async function namedFiles(directory: string, config: Json): Promise<string[]> {
  const words = new Set(textsOf(config).flatMap((text) => text.match(/[\w@%+:,./-]+/g) ?? []));
  const paths = [...words].slice(0, MAX_WORDS).map((word) => resolve(directory, word));
  const inside = [...new Set(paths)].filter((path) => {
    const way = relative(directory, path);
    return way !== '' && !way.startsWith('..') && !isAbsolute(way) && !isJobConfig(path);
  });
  const found = await Promise.all(inside.map(async (path) => ((await stat(path).catch(() => null))?.isFile() === true ? [path] : [])));
  return found.flat();
}

function textsOf(config: Json): string[] {
  if (!isJsonObject(config)) return [];
  const { command, steps } = config;
  const lines = Array.isArray(command) ? command : [command];
  const scripts = Array.isArray(steps) ? steps.flatMap((step) => (isJsonObject(step) ? [step['script'], step['command']] : [])) : [];
  return [...lines, ...scripts].filter((text) => typeof text === 'string');
}

async function entriesOf(directory: string): Promise<string[]> {
  return (await readdir(directory).catch((): string[] => [])).toSorted();
}
