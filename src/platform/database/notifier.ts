import type { Logger } from '../logging/index.js';
import type { Database } from './database.js';
import type { EnginePool } from './engine-pool.js';
import { encodeHints } from './hints.js';
import type { PostgresListener } from './postgres-listener.js';

/** How long hints are gathered: a NOTIFY takes an instance-wide lock at commit, so one carries as many as possible. */
const DEBOUNCE_MS = 8;

/**
 * Tells every process (this one too) that something may be worth looking at. A hint is only that: it may be lost and must
 * be found without it. It leaves in a statement of its own, never in a transaction that does work.
 */
export class Notifier {
  private pending = new Map<string, Set<string>>();
  private timer: NodeJS.Timeout | null = null;
  private sending: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly pool: EnginePool,
    private readonly listener: PostgresListener,
    private readonly logger: Logger,
  ) {}

  /** Equal hints within the debounce time are one. At most some 7,900 bytes. */
  hint(channel: string, payload: string): void {
    const known = this.pending.get(channel);
    if (known === undefined) this.pending.set(channel, new Set([payload]));
    else known.add(payload);
    this.timer ??= setTimeout(() => this.flush(), DEBOUNCE_MS);
  }

  /** Sends what is pending. */
  async close(): Promise<void> {
    this.flush();
    await this.sending;
  }

  private flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const { pending } = this;
    if (pending.size === 0) return;
    this.pending = new Map();
    if (!this.database.info.listen) for (const [channel, hints] of pending) this.listener.deliver(channel, [...hints]);
    else this.sending = this.sending.then(() => this.send(pending));
  }

  private async send(pending: ReadonlyMap<string, ReadonlySet<string>>): Promise<void> {
    const channels: string[] = [];
    const payloads: string[] = [];
    try {
      for (const [channel, hints] of pending) {
        for (const payload of encodeHints(hints)) {
          channels.push(channel);
          payloads.push(payload);
        }
      }
      await this.pool.query({
        name: 'notify-hints',
        text: 'SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS hint (channel, payload)',
        values: [channels, payloads],
      });
    } catch (error) {
      this.logger.warn({ reason: error instanceof Error ? error.message : String(error) }, 'hints were not sent');
    }
  }
}
