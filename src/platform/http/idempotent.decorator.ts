import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata, UseGuards } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { EdgeRequest } from './edge-request.js';
import { IDEMPOTENT, IdempotencyGuard, type IdempotentOptions } from './idempotency.guard.js';

/**
 * Lets clients repeat a creating POST safely by sending an `Idempotency-Key`. The handler must create its resource under
 * `@ReservedId()` when there is one, and answer with what exists when that id is taken already: after a crash between creating
 * and storing the reply, the repeated request runs the handler again with the same id. A handler that sets the status or headers
 * takes `@Res({ passthrough: true })`, since only returned values can be stored.
 */
export function Idempotent(options: IdempotentOptions = {}): MethodDecorator {
  return applyDecorators(
    SetMetadata(IDEMPOTENT, options),
    UseGuards(IdempotencyGuard),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'Repeats of the request with the same key and body get the stored reply, for 24 hours',
      schema: { type: 'string', minLength: 1, maxLength: 255, example: 'order-4711' },
    }),
  );
}

/** The id reserved for the resource this request creates; undefined without an `Idempotency-Key`. */
export const ReservedId = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | undefined => context.switchToHttp().getRequest<EdgeRequest>().idempotency?.resourceId,
);
