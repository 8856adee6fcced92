import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { newSigningSecret, SecretBox } from '../../platform/secrets/index.js';
import type { HookAccess } from './trigger-store.js';

const TOKEN_PREFIX = 'hk_';
const TOKEN_BYTES = 24;
const TOKEN = /^hk_[\w-]{32}$/;

/** What the caller of a webhook trigger needs; shown once. */
export interface IssuedAccess {
  readonly token: string;
  readonly secret: string;
}

/** Makes and reads the secrets of webhook triggers: a token of 192 bits in the path, stored hashed, and a signing secret, stored sealed. */
@Injectable()
export class HookAccessIssuer {
  constructor(private readonly box: SecretBox) {}

  issue(triggerId: string): { readonly issued: IssuedAccess; readonly stored: HookAccess } {
    const issued = { token: TOKEN_PREFIX + randomBytes(TOKEN_BYTES).toString('base64url'), secret: newSigningSecret() };
    return { issued, stored: { tokenHash: hash(issued.token), secret: this.box.seal(issued.secret, triggerId) } };
  }

  /** What is looked up for a token; null when it is none of ours. */
  lookupKey(token: string): Buffer | null {
    return TOKEN.test(token) ? hash(token) : null;
  }

  signingSecret(triggerId: string, stored: string): string {
    return this.box.open(stored, triggerId);
  }
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
