import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { RunEventType } from '../../engine/index.js';
import { decodeCursor, encodeCursor, isUuid } from '../../platform/http/cursor.js';
import { type Page, pageOf } from '../../platform/http/page.js';

export interface WebhookRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly url: string;
  readonly description: string | null;
  readonly events: readonly RunEventType[];
  readonly workflow: string | null;
  readonly secret: string;
  readonly format: string;
  readonly topics: readonly string[];
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  readonly failing_since: Date | null;
  readonly since_xid: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What its owner decides. */
export interface WebhookContent {
  readonly url: string;
  readonly description: string | null;
  readonly events: readonly RunEventType[];
  readonly workflow: string | null;
  readonly enabled: boolean;
}

/** In what words, and of which of those words, it is told. */
export interface WebhookWords {
  readonly format: string;
  readonly topics: readonly string[];
}

const COLUMNS =
  'id, tenant_id, url, description, events, workflow, secret, format, topics, enabled, disabled_reason, failing_since, since_xid, created_at, updated_at';

/** Reads and writes subscriptions. */
@Injectable()
export class WebhookStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** One of this id that exists already, a repeated request, gets the new secret. */
  async create(id: string, tenant: string, content: WebhookContent, sealedSecret: string, words: WebhookWords): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO webhooks (id, tenant_id, url, description, events, workflow, enabled, secret, format, topics)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (id) DO UPDATE SET secret = excluded.secret`,
      [
        id,
        tenant,
        content.url,
        content.description,
        content.events,
        content.workflow,
        content.enabled,
        sealedSecret,
        words.format,
        words.topics,
      ],
    );
  }

  /** One that is switched on again is told what happens from now on, and starts with a clean record. */
  async change(id: string, { url, description, events, workflow, enabled }: WebhookContent): Promise<void> {
    await this.dataSource.query(
      `UPDATE webhooks SET url = $2, description = $3, events = $4, workflow = $5, enabled = $6, updated_at = now(), disabled_reason = NULL,
         failing_since = CASE WHEN enabled AND url = $2 THEN failing_since END,
         since_xid = CASE WHEN enabled THEN since_xid ELSE pg_snapshot_xmin(pg_current_snapshot())::text::bigint END
       WHERE id = $1`,
      [id, url, description, events, workflow, enabled],
    );
  }

  async delete(tenant: string, id: string): Promise<boolean> {
    const [rows] = await this.dataSource.query<[unknown[], number]>('DELETE FROM webhooks WHERE id = $1 AND tenant_id = $2 RETURNING id', [
      id,
      tenant,
    ]);
    return rows.length > 0;
  }

  async find(tenant: string, id: string): Promise<WebhookRow | null> {
    const [row] = await this.dataSource.query<WebhookRow[]>(`SELECT ${COLUMNS} FROM webhooks WHERE id = $1 AND tenant_id = $2`, [
      id,
      tenant,
    ]);
    return row ?? null;
  }

  /** Newest first. */
  async list<T>(
    tenant: string,
    page: { readonly limit: number; readonly cursor?: string },
    toDto: (row: WebhookRow) => T,
  ): Promise<Page<T>> {
    const before = page.cursor === undefined ? null : decodeCursor(page.cursor, isUuid);
    const rows = await this.dataSource.query<WebhookRow[]>(
      `SELECT ${COLUMNS} FROM webhooks WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT ${page.limit + 1}`,
      [tenant, before],
    );
    return pageOf(rows, page.limit, toDto, (row) => encodeCursor(row.id));
  }

  async listening(tenant: string): Promise<WebhookRow[]> {
    return this.dataSource.query<WebhookRow[]>(`SELECT ${COLUMNS} FROM webhooks WHERE tenant_id = $1 AND enabled`, [tenant]);
  }

  async tenantsListening(): Promise<{ tenant_id: string; from_xid: string }[]> {
    return this.dataSource.query('SELECT tenant_id, min(since_xid) AS from_xid FROM webhooks WHERE enabled GROUP BY tenant_id');
  }
}
