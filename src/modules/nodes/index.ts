export { NodeTypeProvider } from './node-type.decorator.js';
export { NodeTypeRegistry } from './node-type-registry.js';
export { NodeTypeRegistryError } from './nodes.errors.js';
export { NodesModule } from './nodes.module.js';
export { SchemaValidator } from './schema-validator.js';
/** Pieces of the JSON Schemas that node types carry. */
export { ANY, NO_INPUTS, objectOf } from './builtin/schemas.js';
