import { createHash } from 'node:crypto';
import { applyDecorators, type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { ApiConsumes } from '@nestjs/swagger';
import { type BodyKind, bodyKindOf, decodeBody, hasBody, readBody } from './body.js';
import type { EdgeRequest } from './edge-request.js';

const CONSUMES = 'heddle:consumes';
const BODY_LIMIT = 'heddle:body-limit';

interface BodyRules {
  readonly taken: readonly BodyKind[];
  readonly limitBytes: number;
}

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

/** Takes smaller bodies than the server does elsewhere. */
export function BodyLimit(bytes: number): MethodDecorator {
  return SetMetadata(BODY_LIMIT, bytes);
}

/**
 * Reads the body after the permission guard has let the caller through, so that nobody without a key makes us hold one, and
 * when the route is known, so that it can say which media types it takes.
 */
@Injectable()
export class BodyGuard implements CanActivate {
  private readonly rulesOf = new Map<unknown, BodyRules>();

  constructor(private readonly limitBytes: number) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    if (request.method === 'GET' || request.method === 'HEAD' || !hasBody(request)) return true;
    return this.take(request, this.rules(context.getHandler()));
  }

  private async take(request: EdgeRequest, { taken, limitBytes }: BodyRules): Promise<boolean> {
    const kind = bodyKindOf(request.headers['content-type'], taken);
    const bytes = await readBody(request, limitBytes);
    if (request.headers['idempotency-key'] !== undefined) request.bodyHash = createHash('sha256').update(bytes).digest();
    request.body = bytes.length === 0 ? undefined : decodeBody(bytes, kind);
    return true;
  }

  private rules(handler: object): BodyRules {
    const known = this.rulesOf.get(handler);
    if (known !== undefined) return known;
    const rules: BodyRules = {
      taken: (Reflect.getMetadata(CONSUMES, handler) as BodyKind[] | undefined) ?? JSON_ONLY,
      limitBytes: Math.min(this.limitBytes, (Reflect.getMetadata(BODY_LIMIT, handler) as number | undefined) ?? this.limitBytes),
    };
    this.rulesOf.set(handler, rules);
    return rules;
  }
}
