import { loadConfigWithWarnings, type LoadedConfig } from './load-config.js';

/** The configuration of this process: the only place that reads `process.env`. */
export function loadProcessConfig(): LoadedConfig {
  return loadConfigWithWarnings(process.env);
}
