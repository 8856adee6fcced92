import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import { ShutdownRegistry } from '../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';

const WRITE_EVERY_MS = 60_000;
const GATHER_MS = 1_000;
const MAX_KEYS = 20_000;

/** Keeps `last_used_at`: noted in memory by every request, written at most once a minute and key, many keys at a time. */
@Injectable()
export class KeyUsage implements OnApplicationBootstrap {
  private readonly writtenAt = new LRUCache<string, number>({ max: MAX_KEYS });
  private readonly pending = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @InjectDataSource() private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly shutdown: ShutdownRegistry,
  ) {}

  onApplicationBootstrap(): void {
    this.shutdown.register('stop-work', 'api key usage', () => this.flush());
  }

  /** Notes a use. Costs a lookup in a map. */
  touch(keyId: string): void {
    const now = Date.now();
    const written = this.writtenAt.get(keyId);
    if (written !== undefined && now - written < WRITE_EVERY_MS) return;
    this.writtenAt.set(keyId, now);
    this.pending.set(keyId, now);
    this.timer ??= setTimeout(() => void this.flush(), GATHER_MS).unref();
  }

  /** Writes what was noted. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.pending.size === 0) return;
    const uses = [...this.pending];
    this.pending.clear();
    try {
      await this.database.query(
        `UPDATE api_keys k SET last_used_at = u.at
         FROM unnest($1::uuid[], $2::timestamptz[]) AS u (id, at)
         WHERE k.id = u.id AND (k.last_used_at IS NULL OR k.last_used_at < u.at)`,
        [uses.map(([id]) => id), uses.map(([, at]) => new Date(at))],
      );
    } catch (err) {
      this.logger.warn({ err, keys: uses.length }, 'could not write when API keys were last used');
    }
  }
}
