export { NodeTypeProvider } from './node-type.decorator.js';
export { NodeTypeRegistry } from './node-type-registry.js';
export { NodeTypeRegistryError } from './nodes.errors.js';
export { NodesModule } from './nodes.module.js';
export { SchemaValidator } from './schema-validator.js';
/** Runs untrusted JavaScript. */
export { JavascriptSandbox } from './sandbox/javascript-sandbox.js';
/** Bodies of HTTP messages as JSON values, and back; JSON from outside. */
export { decodeBody, encodeBody } from './builtin/http-message.js';
export { parseJson } from './builtin/json-text.js';
/** Pieces of the JSON Schemas that node types carry. */
export { ANY, NO_INPUTS, objectOf } from './builtin/schemas.js';
