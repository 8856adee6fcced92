import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { BackgroundLoop, ShutdownRegistry } from '../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import { beforeTransaction, type FeedPage, type FeedPosition, reaches, RunEventHub, TenantFeedReader } from '../runs/index.js';
import type { FeedConsumer, FeedInterest } from './feed-consumer.js';
import { FeedCursors } from './feed-cursors.js';

const ROWS_PER_READ = 500;
const LEASE_MS = 6_000;
const RENEW_AFTER_MS = LEASE_MS / 3;
/** How often it is asked whose events are wanted, and who holds a cursor that is not ours. */
const INTERESTS_EVERY_MS = 1_000;
/** A cursor that only passes over events nobody wants is written this often; a crash makes some be read again. */
const PERSIST_EVERY_MS = 5_000;
const POLL_MS = 1_000;
/** Least time between two readings: what commits meanwhile goes in one. */
const GATHER_MS = 20;
/** Committed rows may hide behind transactions in flight. */
const UNSETTLED_MS = 25;

interface Held {
  /** As the database has it. */
  persisted: FeedPosition;
  /** Up to where events were read. */
  position: FeedPosition;
  persistedAt: number;
}

/** One consumer's readings on this node. */
class Following {
  readonly held = new Map<string, Held>();
  interests: readonly FeedInterest[] = [];
  interestsAt = Number.NEGATIVE_INFINITY;
  leasedAt = Number.NEGATIVE_INFINITY;
  loop: BackgroundLoop | null = null;

  constructor(readonly consumer: FeedConsumer) {}
}

/**
 * Reads the committed events of tenants for those who must not miss one, wherever they were written. Any number of nodes follow;
 * one at a time holds a tenant's cursor. A node that is killed loses its lease after a while and another reads on from the place
 * that was committed, together with everything that was made of the events before it.
 */
@Injectable()
export class FeedFollower implements OnApplicationBootstrap {
  private readonly owner = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
  private readonly followings: Following[] = [];
  private forgetHub: (() => void) | undefined;

  constructor(
    private readonly cursors: FeedCursors,
    private readonly reader: TenantFeedReader,
    private readonly hub: RunEventHub,
    private readonly shutdown: ShutdownRegistry,
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** To be called before the application has started. */
  register(consumer: FeedConsumer): void {
    this.followings.push(new Following(consumer));
  }

  /** The first transaction, by tenant, that some consumer may not have read yet. Tenants nobody wants to hear of are missing. */
  async unread(): Promise<Map<string, number>> {
    const first = new Map<string, number>();
    for (const { consumer } of this.followings) {
      const cursors = await this.cursors.transactions(consumer.name);
      for (const { tenant, fromXid } of await consumer.interests()) {
        const xid = Math.max(fromXid, cursors.get(tenant) ?? fromXid);
        first.set(tenant, Math.min(xid, first.get(tenant) ?? xid));
      }
    }
    return first;
  }

  onApplicationBootstrap(): void {
    if (this.config.role === 'api') return;
    for (const following of this.followings) {
      const name = `feed ${following.consumer.name}`;
      following.loop = new BackgroundLoop({ name, logger: this.logger, gapMs: GATHER_MS, round: () => this.round(following) });
      following.loop.start();
    }
    this.forgetHub = this.hub.subscribeAny(() => this.wake());
    this.shutdown.register('stop-accepting', 'event feed readers', () => this.stop());
  }

  private wake(): void {
    for (const { loop, held } of this.followings) if (held.size > 0) loop?.wake();
  }

  private async stop(): Promise<void> {
    this.forgetHub?.();
    await Promise.all(this.followings.map(async ({ loop }) => loop?.stop()));
    await this.cursors.release(this.owner);
  }

  private async round(following: Following): Promise<number> {
    await this.refresh(following);
    const followed = [...following.held].map(([tenant, { position }]) => ({ tenant, position }));
    if (followed.length === 0) return POLL_MS;
    const { pages, unsettled } = await this.reader.read(followed, ROWS_PER_READ);
    let more = false;
    for (const page of pages) {
      await this.take(following, page);
      more ||= page.more;
    }
    if (more) return 0;
    return unsettled ? UNSETTLED_MS : POLL_MS;
  }

  /** Learns who wants to hear, and keeps or takes the leases. */
  private async refresh(following: Following): Promise<void> {
    const { consumer, held } = following;
    const now = performance.now();
    if (now - following.interestsAt < INTERESTS_EVERY_MS) return;
    following.interests = await consumer.interests();
    following.interestsAt = now;
    const wanted = new Set(following.interests.map(({ tenant }) => tenant));
    for (const tenant of held.keys()) if (!wanted.has(tenant)) held.delete(tenant);
    const missing = following.interests.some(({ tenant }) => !held.has(tenant));
    if (following.interests.length === 0 || (!missing && now - following.leasedAt < RENEW_AFTER_MS)) return;
    const leased = await this.cursors.lease(consumer.name, following.interests, this.owner, LEASE_MS);
    following.leasedAt = now;
    for (const { tenant, fromXid } of following.interests) this.hold(held, tenant, leased.get(tenant), fromXid);
  }

  private hold(held: Map<string, Held>, tenant: string, persisted: FeedPosition | undefined, fromXid: number): void {
    if (persisted === undefined) {
      held.delete(tenant);
      return;
    }
    const known = held.get(tenant);
    if (known !== undefined && samePlace(known.persisted, persisted)) return;
    const first = beforeTransaction(fromXid);
    held.set(tenant, { persisted, position: reaches(persisted, first) ? persisted : first, persistedAt: performance.now() });
  }

  private async take({ consumer, held }: Following, page: FeedPage): Promise<void> {
    const cursor = held.get(page.tenant);
    if (cursor === undefined || samePlace(cursor.position, page.position)) return;
    const write = page.items.length === 0 ? null : await consumer.digest(page.tenant, page.items);
    if (write === null && performance.now() - cursor.persistedAt < PERSIST_EVERY_MS) {
      cursor.position = page.position;
      return;
    }
    // Whatever goes wrong here, the place stays what it was: a commit that happened all the same shows at the next move.
    const moved = await this.dataSource.transaction(async (manager) => {
      const ours = await this.cursors.move(manager, { consumer: consumer.name, tenant: page.tenant }, cursor.persisted, page.position);
      if (ours) await write?.(manager);
      return ours;
    });
    if (!moved) {
      held.delete(page.tenant);
      return;
    }
    held.set(page.tenant, { persisted: page.position, position: page.position, persistedAt: performance.now() });
    if (write !== null) consumer.committed?.();
  }
}

function samePlace(a: FeedPosition, b: FeedPosition): boolean {
  return a.xid === b.xid && a.runId === b.runId && a.seq === b.seq;
}
