import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts a stored reply under the API key of the caller who got it. The server keeps only the hash of that key, so what lies in
 * the database opens for nobody but a caller who presents the key again.
 */
export function sealReply(body: string, token: string, resourceId: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sealKey(token, resourceId), nonce);
  const sealed = Buffer.concat([cipher.update(body, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
}

/** The reply, or null when another API key sealed it. */
export function openReply(sealed: string, token: string, resourceId: string): string | null {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', sealKey(token, resourceId), bytes.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return null;
  }
}

function sealKey(token: string, resourceId: string): Buffer {
  return Buffer.from(hkdfSync('sha256', token, resourceId, 'heddle idempotent reply', 32));
}
