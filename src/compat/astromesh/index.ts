export { ASTROMESH } from './astromesh.dialect.js';
export { AstromeshModule } from './astromesh.module.js';
