import { LRUCache } from 'lru-cache';
import type { Principal } from '../../platform/http/permissions.js';

/** Longer than this nobody acts on a key without having looked at its row again. */
const TTL_MS = 5_000;
const MAX_KEYS = 20_000;
/** Of their own, so that a flood of guesses does not push real keys out. */
const MAX_UNKNOWN = 5_000;

export interface CachedKey {
  readonly principal: Principal;
  /** Epoch milliseconds; Infinity when it never expires. */
  readonly expiresAt: number;
}

/** What was found by key hash, also that nothing was. */
export class KeyCache {
  private readonly keys = new LRUCache<string, CachedKey>({ max: MAX_KEYS, ttl: TTL_MS });
  private readonly unknown = new LRUCache<string, true>({ max: MAX_UNKNOWN, ttl: TTL_MS });
  private cleared = 0;

  /** Grows with every clearing: what was read before one must not be kept after it. */
  get generation(): number {
    return this.cleared;
  }

  /** Undefined: not known. Null: no such living key. */
  get(hash: string, now: number): Principal | null | undefined {
    const found = this.keys.get(hash);
    if (found !== undefined) return found.expiresAt > now ? found.principal : null;
    return this.unknown.has(hash) ? null : undefined;
  }

  put(hash: string, found: CachedKey | null): void {
    if (found === null) this.unknown.set(hash, true);
    else this.keys.set(hash, found);
  }

  /** Keys change so rarely that looking all of them up again is simpler than knowing which one it was. */
  clear(): void {
    this.cleared += 1;
    this.keys.clear();
    this.unknown.clear();
  }
}
