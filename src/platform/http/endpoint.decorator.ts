import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation } from '@nestjs/swagger';
import type { Permission, Principal } from './permissions.js';

/** Metadata key under which a route states who may call it: a permission, or `public`. */
export const ENDPOINT_ACCESS = 'heddle:access';

export interface EndpointOptions {
  /** Who may call it. A route without it is refused by the guard and fails the contract test. */
  readonly access: Permission | 'public' | 'authenticated';
  /** Stable OpenAPI operation id, camelCase verb + noun: `listRuns`. */
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
}

/** States a route's permission and its place in the OpenAPI document. Every route has exactly one. */
export function Endpoint(options: EndpointOptions): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(ENDPOINT_ACCESS, options.access),
    ApiOperation({
      operationId: options.operationId,
      summary: options.summary,
      ...(options.description === undefined ? {} : { description: options.description }),
    }),
    ...(options.access === 'public' ? [] : [ApiBearerAuth()]),
  );
}

/** The request's principal, put there by the guard. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const request = context.switchToHttp().getRequest<{ principal?: Principal }>();
  if (request.principal === undefined) throw new Error('no principal on the request: is the route public?');
  return request.principal;
});
