export { AuthModule } from './auth.module.js';
export { BootstrapService } from './bootstrap.service.js';
export { operatorModelKey, operatorSecret } from './operator-secrets.js';
export { DEFAULT_TENANT, TENANT_NAME } from './tenant.js';
