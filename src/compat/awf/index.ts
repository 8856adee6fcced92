export { AWF } from './awf.dialect.js';
export { AwfModule } from './awf.module.js';
