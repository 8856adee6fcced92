export { ConfigError, type ConfigFault } from './config.errors.js';
export { CONFIG, ConfigModule } from './config.module.js';
export { configTable } from './config-table.js';
export type { ArtifactStorageConfig, HeddleConfig } from './heddle-config.js';
export { loadConfig, loadConfigWithWarnings, type Environment, type LoadedConfig } from './load-config.js';
export { MODEL_PROVIDERS, type DialectName, type ModelProvider } from './variables.js';
export { loadProcessConfig } from './process-config.js';
