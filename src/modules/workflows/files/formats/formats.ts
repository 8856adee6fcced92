import type { DefinitionFile, DefinitionFormat } from './definition-format.js';
import { awfFormat } from './awf.format.js';
import { flwdFormat } from './flwd.format.js';
import { meshflowFormat } from './meshflow.format.js';
import { nativeFormat } from './native.format.js';

/** Every format that files may be written in; each file is read by the first that recognises it. */
const FORMATS: readonly DefinitionFormat[] = [awfFormat, flwdFormat, meshflowFormat, nativeFormat];

export function formatOf(file: DefinitionFile): DefinitionFormat {
  return FORMATS.find((format) => format.recognises(file)) ?? nativeFormat;
}
