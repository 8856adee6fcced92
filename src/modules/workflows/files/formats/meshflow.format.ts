import { extname, relative, sep } from 'node:path';
import { isMeshflowDocument } from '../meshflow/mesh-policy.js';
import { translateMeshflow } from '../meshflow/translate-meshflow.js';
import type { DefinitionFile, DefinitionFormat, FormatReading } from './definition-format.js';

/** Workflows in the YAML of MeshFlow: nodes by their names, and edges between them. */
export const meshflowFormat: DefinitionFormat = {
  name: 'meshflow',
  recognises: ({ value }) => isMeshflowDocument(value),
  read: (file) => Promise.resolve(read(file)),
};

function read({ root, path, value }: DefinitionFile): FormatReading {
  if (!isMeshflowDocument(value)) throw new Error('only what is recognised is read');
  const place = relative(root, path).split(sep).join('/');
  const translated = translateMeshflow(value, place.slice(0, -extname(place).length));
  return 'errors' in translated ? translated : { ...translated };
}
