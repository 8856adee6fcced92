export { NodeTypeProvider } from './node-type.decorator.js';
export { NodeTypeRegistry } from './node-type-registry.js';
export { NodeTypeRegistryError } from './nodes.errors.js';
export { NodesModule } from './nodes.module.js';
