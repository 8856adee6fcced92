import pg from 'pg';
import type { Logger } from '../logging/index.js';
import type { Database } from './database.js';
import { decodeHints } from './hints.js';

/** Hears one payload. Must not throw; work it starts is its own. */
export type HintHandler = (payload: string) => void;

interface Subscription {
  readonly handler: HintHandler;
  readonly onGap: (() => void) | undefined;
}

const RECONNECT_MS = { first: 100, last: 5_000 } as const;
const PROBE_EVERY_MS = 15_000;
const PROBE_LIMIT_MS = 5_000;

/**
 * Hears hints of other processes over LISTEN on one connection of its own, past any pooler, and reconnects for as long as
 * it lives. Hints may be lost while it is disconnected: `onGap` is called after every reconnect, and whoever depends on
 * completeness reads the tables then. On the embedded database there is nobody to hear but ourselves (see Notifier).
 */
export class PostgresListener {
  private readonly channels = new Map<string, Set<Subscription>>();
  private client: pg.Client | null = null;
  private probe: NodeJS.Timeout | null = null;
  private retry: NodeJS.Timeout | null = null;
  private retryMs: number = RECONNECT_MS.first;
  private hadConnection = false;
  private closed = false;

  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
  ) {}

  /** Hears a channel from now on. Returns the function that stops. */
  listen(channel: string, handler: HintHandler, onGap?: () => void): () => void {
    const subscription: Subscription = { handler, onGap };
    const existing = this.channels.get(channel);
    if (existing === undefined) {
      this.channels.set(channel, new Set([subscription]));
      if (this.client !== null) void this.subscribe(this.client, channel);
    } else existing.add(subscription);
    return () => {
      this.channels.get(channel)?.delete(subscription);
    };
  }

  async start(): Promise<void> {
    if (this.database.info.listen) await this.connect();
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.probe !== null) clearInterval(this.probe);
    if (this.retry !== null) clearTimeout(this.retry);
    await this.client?.end().catch(() => {});
  }

  /** Hands payloads to this process's own subscribers. */
  deliver(channel: string, payloads: readonly string[]): void {
    for (const subscription of this.channels.get(channel) ?? []) for (const payload of payloads) subscription.handler(payload);
  }

  private async connect(): Promise<void> {
    if (this.closed) return;
    const client = new pg.Client({
      ...this.database.directTarget,
      application_name: 'heddle listener',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
    });
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, new Error('the connection ended')));
    client.on('notification', ({ channel, payload }) => this.deliver(channel, decodeHints(payload ?? '')));
    try {
      await client.connect();
      for (const channel of this.channels.keys()) await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      this.lost(client, error instanceof Error ? error : new Error(String(error)), true);
      return;
    }
    this.client = client;
    this.retryMs = RECONNECT_MS.first;
    this.probe = setInterval(() => void this.check(client), PROBE_EVERY_MS);
    if (this.hadConnection) this.announceGap();
    this.hadConnection = true;
  }

  private async subscribe(client: pg.Client, channel: string): Promise<void> {
    try {
      await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      this.lost(client, error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** A connection whose other end vanished without a word looks healthy to the kernel for hours. */
  private async check(client: pg.Client): Promise<void> {
    const limit = setTimeout(() => this.lost(client, new Error('the connection does not answer')), PROBE_LIMIT_MS);
    try {
      await client.query('SELECT 1');
    } catch {
      // The client's 'error' or 'end' event reconnects.
    } finally {
      clearTimeout(limit);
    }
  }

  private lost(client: pg.Client, error: Error, connecting = false): void {
    if (this.closed || (!connecting && this.client !== client)) return;
    if (this.retry !== null) return;
    this.client = null;
    if (this.probe !== null) clearInterval(this.probe);
    void client.end().catch(() => {});
    this.logger.warn({ reason: error.message, retry_ms: this.retryMs }, 'the listening connection broke');
    this.retry = setTimeout(() => {
      this.retry = null;
      void this.connect();
    }, this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, RECONNECT_MS.last);
  }

  private announceGap(): void {
    for (const subscriptions of this.channels.values()) for (const { onGap } of subscriptions) onGap?.();
  }
}
