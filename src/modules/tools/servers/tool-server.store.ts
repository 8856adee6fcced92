import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { decodeCursor, encodeCursor } from '../../../platform/http/cursor.js';
import { type Page, pageOf } from '../../../platform/http/page.js';
import { SecretBox } from '../../../platform/secrets/index.js';
import type { ToolServer, ToolServerKind, ToolServerSettings } from './tool-server.js';

interface Row {
  readonly id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly kind: ToolServerKind;
  readonly description: string | null;
  readonly settings: ToolServerSettings;
  readonly sealed_headers: string | null;
  readonly created_at: Date;
}

const COLUMNS = 'id, tenant_id, name, kind, description, settings, sealed_headers, created_at';

/** Reads and writes tool servers. Headers are sealed. */
@Injectable()
export class ToolServerStore {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly box: SecretBox,
  ) {}

  /** False when the tenant has one of that name; the same one, by its id, is fine. */
  async create({ id, tenant, name, kind, description, settings, headers }: Omit<ToolServer, 'createdAt'>): Promise<boolean> {
    const sealed = Object.keys(headers).length === 0 ? null : this.box.seal(JSON.stringify(headers), id);
    const rows = await this.dataSource.query<{ id: string }[]>(
      `WITH made AS (
         INSERT INTO tool_servers (id, tenant_id, name, kind, description, settings, sealed_headers) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT DO NOTHING RETURNING id)
       SELECT id FROM made UNION ALL SELECT id FROM tool_servers WHERE id = $1 AND tenant_id = $2`,
      [id, tenant, name, kind, description, JSON.stringify(settings), sealed],
    );
    return rows.length > 0;
  }

  async find(tenant: string, name: string): Promise<ToolServer | null> {
    const [row] = await this.dataSource.query<Row[]>(`SELECT ${COLUMNS} FROM tool_servers WHERE tenant_id = $1 AND name = $2`, [
      tenant,
      name,
    ]);
    return row === undefined ? null : this.toServer(row);
  }

  /** By name. */
  async all(tenant: string): Promise<ToolServer[]> {
    const rows = await this.dataSource.query<Row[]>(`SELECT ${COLUMNS} FROM tool_servers WHERE tenant_id = $1 ORDER BY name COLLATE "C"`, [
      tenant,
    ]);
    return rows.map((row) => this.toServer(row));
  }

  /** By name. */
  async list(tenant: string, page: { readonly limit: number; readonly cursor?: string }): Promise<Page<ToolServer>> {
    const after = page.cursor === undefined ? '' : decodeCursor(page.cursor, (value) => typeof value === 'string');
    const rows = await this.dataSource.query<Row[]>(
      `SELECT ${COLUMNS} FROM tool_servers WHERE tenant_id = $1 AND name COLLATE "C" > $2 ORDER BY name COLLATE "C" LIMIT ${page.limit + 1}`,
      [tenant, after],
    );
    return pageOf(
      rows,
      page.limit,
      (row) => this.toServer(row),
      (row) => encodeCursor(row.name),
    );
  }

  /** Its id, or null when there is none. */
  async delete(tenant: string, name: string): Promise<string | null> {
    const [rows] = await this.dataSource.query<[{ id: string }[], number]>(
      'DELETE FROM tool_servers WHERE tenant_id = $1 AND name = $2 RETURNING id',
      [tenant, name],
    );
    return rows[0]?.id ?? null;
  }

  private toServer({ tenant_id: tenant, sealed_headers: sealed, created_at: createdAt, ...rest }: Row): ToolServer {
    const headers = sealed === null ? {} : (JSON.parse(this.box.open(sealed, rest.id)) as Record<string, string>);
    return { ...rest, tenant, headers, createdAt };
  }
}
