import { createHash } from 'node:crypto';
import { applyDecorators, type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { ApiConsumes } from '@nestjs/swagger';
import { type BodyKind, bodyKindOf, decodeBody, hasBody, readBody } from './body.js';
import type { EdgeRequest } from './edge-request.js';

const CONSUMES = 'heddle:consumes';
const JSON_ONLY: readonly BodyKind[] = ['json'];
const MEDIA_TYPES: Readonly<Record<BodyKind, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  bytes: 'application/octet-stream',
};

/** States what a route takes besides the default, which is JSON only. YAML arrives in `@Body()` as text, bytes as a Buffer. */
export function Consumes(...kinds: BodyKind[]): MethodDecorator {
  return applyDecorators(SetMetadata(CONSUMES, kinds), ApiConsumes(...kinds.map((kind) => MEDIA_TYPES[kind])));
}

/**
 * Reads the body after the permission guard has let the caller through, so that nobody without a key makes us hold one, and
 * when the route is known, so that it can say which media types it takes.
 */
@Injectable()
export class BodyGuard implements CanActivate {
  private readonly takenBy = new Map<unknown, readonly BodyKind[]>();

  constructor(private readonly limitBytes: number) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    if (request.method === 'GET' || request.method === 'HEAD' || !hasBody(request)) return true;
    return this.take(request, this.taken(context.getHandler()));
  }

  private async take(request: EdgeRequest, taken: readonly BodyKind[]): Promise<boolean> {
    const kind = bodyKindOf(request.headers['content-type'], taken);
    const bytes = await readBody(request, this.limitBytes);
    if (request.headers['idempotency-key'] !== undefined) request.bodyHash = createHash('sha256').update(bytes).digest();
    request.body = bytes.length === 0 ? undefined : decodeBody(bytes, kind);
    return true;
  }

  private taken(handler: object): readonly BodyKind[] {
    const known = this.takenBy.get(handler);
    if (known !== undefined) return known;
    const taken = (Reflect.getMetadata(CONSUMES, handler) as BodyKind[] | undefined) ?? JSON_ONLY;
    this.takenBy.set(handler, taken);
    return taken;
  }
}
