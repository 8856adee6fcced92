import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { AppError } from '../errors/app-error.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = 'v1:';
const PLAIN = 'plain:';

/**
 * Keeps secrets that the server itself must be able to read again, such as the keys it signs with. With `HEDDLE_SECRET_KEY` they
 * are encrypted (AES-256-GCM, bound to the row they belong to), so that a copy of the database alone tells nobody anything.
 * Without it they are stored as they are: whoever reads the database reads them. What was stored so stays readable once there is a key.
 */
export class SecretBox {
  private readonly key: Buffer | null;

  constructor(secretKey: string | undefined) {
    this.key = secretKey === undefined ? null : Buffer.from(hkdfSync('sha256', secretKey, '', 'heddle secret box', 32));
  }

  get encrypts(): boolean {
    return this.key !== null;
  }

  /** `owner` is what the secret belongs to, the id of its row: elsewhere it does not open. */
  seal(secret: string, owner: string): string {
    if (this.key === null) return PLAIN + secret;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return SEALED + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
  }

  open(stored: string, owner: string): string {
    if (stored.startsWith(PLAIN)) return stored.slice(PLAIN.length);
    if (this.key === null || !stored.startsWith(SEALED)) throw unreadable();
    const bytes = Buffer.from(stored.slice(SEALED.length), 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(owner));
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch (cause) {
      throw unreadable(cause);
    }
  }
}

function unreadable(cause?: unknown): AppError {
  return new AppError(500, 'secret_unreadable', 'a stored secret cannot be read: HEDDLE_SECRET_KEY is not the one it was stored with', {
    cause,
  });
}
