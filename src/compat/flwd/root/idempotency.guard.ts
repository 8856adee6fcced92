import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AppError } from '../../../platform/errors/app-error.js';
import type { EdgeRequest } from '../../../platform/http/edge-request.js';
import { canonicalSha256 } from './canonical.js';

const KEY = /^[\w-]{20,128}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** What flwd demands of the headers of repeatable requests. Bodies are the same whose members are, in whatever order. */
@Injectable()
export class RootIdempotencyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    const { 'idempotency-key': key, 'idempotency-sha256': claimed } = request.headers;
    const computed = canonicalSha256(request.body as object);
    if (typeof claimed === 'string' && claimed !== '') checkHash(claimed.toLowerCase(), computed);
    if (key === undefined) return true;
    if (typeof key !== 'string' || !KEY.test(key)) {
      throw new AppError(400, 'idempotency_key_invalid', 'an Idempotency-Key is 20 to 128 letters, digits, hyphens and underscores');
    }
    request.bodyHash = Buffer.from(computed, 'hex');
    return true;
  }
}

function checkHash(claimed: string, computed: string): void {
  if (!SHA256.test(claimed)) throw new AppError(400, 'idempotency_hash_invalid', 'a SHA-256 is 64 hexadecimal digits');
  if (claimed === computed) return;
  throw new AppError(409, 'idempotency_hash_mismatch', 'the body is not the one that was hashed', {
    extensions: { incoming_sha256: claimed, computed_sha256: computed },
  });
}
