import { isJsonObject } from '../../../../engine/model/json.js';
import type { DefinitionFile, DefinitionFormat, FormatReading } from './definition-format.js';

/** Heddle's own definitions. Whatever no other format knows is held to be one, so that its author is told what is wrong with it. */
export const nativeFormat: DefinitionFormat = {
  name: 'native',
  recognises: () => true,
  read: ({ value }): Promise<FormatReading> => Promise.resolve({ definition: value, warnings: [] }),
};

/** Whether a file means to be a definition. Of the files that belong to a job, only these are. */
export function looksNative({ value }: DefinitionFile): boolean {
  return isJsonObject(value) && typeof value['name'] === 'string' && ('nodes' in value || 'states' in value);
}
