/** Issues, lists and revokes keys, for other entrances. */
export { ApiKeysService } from './api-keys.service.js';
export { toApiKeyDto, type ApiKeyDto } from './dto/api-key.dto.js';
export { AuthModule } from './auth.module.js';
export { BootstrapService } from './bootstrap.service.js';
export { operatorModelKey, operatorSecret } from './operator-secrets.js';
export { DEFAULT_TENANT, TENANT_NAME } from './tenant.js';
