import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Signatures by the Standard Webhooks specification (standardwebhooks.com), symmetric variant `v1`. */

const SECRET_PREFIX = 'whsec_';
const SECRET_BYTES = 32;
/** How far a message's time may be from ours: older ones are replays, younger ones come from a wrong clock. */
const TOLERANCE_S = 5 * 60;
/** More signatures than a rotation of secrets has. */
const MAX_SIGNATURES = 16;

export interface SignedMessage {
  readonly id: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly body: string | Uint8Array;
}

export type SignatureVerdict = 'valid' | 'missing' | 'malformed' | 'too_old' | 'too_new' | 'mismatch';

/** `whsec_` and 256 bits. */
export function newSigningSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** The value of `webhook-signature`. */
export function signMessage(secret: string, message: SignedMessage): string {
  return `v1,${digest(secret, message).toString('base64')}`;
}

/** Of the message, by lower-case names; the three of the specification are read. */
export type SignatureHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Whether the secret's holder sent these bytes within the last five minutes. */
export function verifySignature(secret: string, headers: SignatureHeaders, body: Uint8Array, nowMs: number): SignatureVerdict {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures } = headers;
  if (typeof id !== 'string' || typeof time !== 'string' || typeof signatures !== 'string') return 'missing';
  if (!/^[\x21-\x7e]{1,255}$/.test(id) || !/^\d{1,12}$/.test(time)) return 'malformed';
  const timestamp = Number(time);
  const expected = digest(secret, { id, timestamp, body });
  const genuine = signatures
    .split(' ')
    .slice(0, MAX_SIGNATURES)
    .some((signature) => signature.startsWith('v1,') && equal(Buffer.from(signature.slice(3), 'base64'), expected));
  if (!genuine) return 'mismatch';
  const age = nowMs / 1_000 - timestamp;
  if (age > TOLERANCE_S) return 'too_old';
  return age < -TOLERANCE_S ? 'too_new' : 'valid';
}

function digest(secret: string, { id, timestamp, body }: SignedMessage): Buffer {
  const key = Buffer.from(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret, 'base64');
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
