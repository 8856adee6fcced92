export { FLOWENGINE } from './flowengine.dialect.js';
export { FlowEngineModule } from './flowengine.module.js';
