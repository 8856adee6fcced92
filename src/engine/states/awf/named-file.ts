import type { AwfTexts } from './texts.js';

/** The text of a file that a step names; its path may hold what is known before any run. What cannot be read is a fault at `path`. */
export function namedFile(written: string, path: string, texts: AwfTexts): string {
  const named = texts.at(path, written, () => constantText(texts.template(written, path)));
  const text = texts.surroundings.readFile?.(named) ?? null;
  if (text === null) texts.error(path, 'file_not_found', `cannot read the file ${named}`);
  return text ?? '';
}

/** A path that comes to a text without anything of a run. */
function constantText(template: string): string {
  return template.replace(/\{\{ (?:string\()?("(?:[^"\\]|\\.)*")\)? \}\}/g, (_, quoted: string) => JSON.parse(quoted) as string);
}
