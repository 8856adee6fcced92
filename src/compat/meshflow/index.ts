export { MESHFLOW } from './meshflow.dialect.js';
export { MeshflowModule } from './meshflow.module.js';
