import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { ENDPOINT_ACCESS, type EndpointOptions } from './endpoint.decorator.js';
import type { EdgeRequest } from './edge-request.js';
import type { Permission, Principal } from './permissions.js';

type Access = EndpointOptions['access'];

/**
 * Closed by default: a route that does not state its access is refused for everyone, since a forgotten decorator must not open
 * anything. Who calls was settled by the edge middleware; this only compares.
 */
@Injectable()
export class PermissionGuard implements CanActivate {
  private readonly accessOf = new Map<unknown, Access | undefined>();

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    request.routed = true;
    const access = this.access(context);
    if (access === undefined) throw new AppError(403, 'forbidden', 'this route states no access rule and is closed', { logLevel: 'error' });
    if (access !== 'public') requireAccess(access, request.principal, request.credentialsRefused === true);
    return true;
  }

  private access(context: ExecutionContext): Access | undefined {
    const handler = context.getHandler();
    if (!this.accessOf.has(handler)) this.accessOf.set(handler, Reflect.getMetadata(ENDPOINT_ACCESS, handler) as Access | undefined);
    return this.accessOf.get(handler);
  }
}

/** Throws the 401 or 403 that a caller without the access gets. */
export function requireAccess(
  access: Exclude<Access, 'public'>,
  principal: Principal | undefined,
  credentialsRefused: boolean,
): asserts principal is Principal {
  if (principal === undefined) {
    const detail = credentialsRefused ? 'the API key is unknown, expired or revoked' : 'send an API key as `Authorization: Bearer <key>`';
    throw new AppError(401, 'unauthorized', detail);
  }
  if (access !== 'authenticated') requirePermission(principal, access);
}

/** For decisions below the route: throws the 403 that names the missing permission. */
export function requirePermission(principal: Principal, permission: Permission): void {
  if (principal.permissions.has(permission)) return;
  throw new AppError(403, 'forbidden', `this needs the permission ${permission}`, { extensions: { missing_permission: permission } });
}
