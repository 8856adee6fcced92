import { type Permission, type Principal, ROLE_PERMISSIONS, type Role } from '../../platform/http/permissions.js';

/** What a key may do: what its role grants, narrowed by its scopes. */
export function grantedPermissions(role: Role, scopes: readonly Permission[] | null): ReadonlySet<Permission> {
  const byRole = ROLE_PERMISSIONS[role];
  return new Set(scopes === null ? byRole : byRole.filter((permission) => scopes.includes(permission)));
}

/** The permissions of a key that a principal does not have itself. */
export function permissionsBeyond(principal: Principal, role: Role, scopes: readonly Permission[] | null): Permission[] {
  return [...grantedPermissions(role, scopes)].filter((permission) => !principal.permissions.has(permission));
}
