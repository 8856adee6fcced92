import { AppError, ConflictError, NotFoundError } from '../../platform/errors/app-error.js';
import type { Permission } from '../../platform/http/permissions.js';

export const keyNotFound = (): AppError => new NotFoundError('API key');

export const lastAdminKey = (): AppError =>
  new ConflictError('last_admin_key', 'this is the last admin key of its tenant; create another one first');

export const foreignTenant = (): AppError =>
  new AppError(403, 'forbidden', 'only an admin of the tenant default may create keys for other tenants');

export const grantsTooMuch = (missing: readonly Permission[]): AppError =>
  new AppError(403, 'forbidden', `a key cannot grant what its maker lacks: ${missing.join(', ')}`, {
    extensions: { missing_permissions: missing },
  });

export const rateTooHigh = (limit: number): AppError =>
  new AppError(403, 'forbidden', `a key cannot allow more requests than its maker has: ${limit} a minute`);
