import type { HeddleConfig } from '../../config/index.js';
import { DEFAULT_TENANT } from './tenant.js';

/** A secret of the server's environment (`HEDDLE_SECRET_<NAME>`). Those are the operator's own: other tenants have none. */
export function operatorSecret(config: Pick<HeddleConfig, 'secrets'>, tenant: string, name: string): string | undefined {
  return tenant === DEFAULT_TENANT ? config.secrets[name] : undefined;
}

/** A key for models that the server's environment holds under the name. Like secrets, it serves the operator's tenant only. */
export function operatorModelKey(config: Pick<HeddleConfig, 'modelKeys'>, tenant: string, name: string): string | undefined {
  return tenant === DEFAULT_TENANT ? config.modelKeys[name] : undefined;
}
