export { FLWD } from './flwd.dialect.js';
export { FlwdModule } from './flwd.module.js';
