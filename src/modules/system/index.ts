export { SystemModule } from './system.module.js';
/** The installation, for other entrances. */
export { SystemService } from './system.service.js';
