import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { Json } from '../../engine/index.js';

/** How many entries a namespace of a tenant may have. */
export const MAX_ENTRIES = 10_000;

/** Where an entry is. */
export interface KvPlace {
  readonly tenant: string;
  readonly namespace: string;
  readonly key: string;
}

export interface KvEntry {
  readonly namespace: string;
  readonly key: string;
  readonly value: Json;
  readonly updatedAt: Date;
}

interface Row {
  readonly namespace: string;
  readonly key: string;
  readonly value: Json;
  readonly updated_at: Date;
}

/** The table of values that a tenant keeps. */
@Injectable()
export class KvStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async get({ tenant, namespace, key }: KvPlace): Promise<KvEntry | null> {
    const [row] = await this.dataSource.query<Row[]>(
      'SELECT namespace, key, value, updated_at FROM kv_entries WHERE tenant_id = $1 AND namespace = $2 AND key = $3',
      [tenant, namespace, key],
    );
    return row === undefined ? null : entryOf(row);
  }

  /** Null when the namespace is full. Writers who come at once may go over its bound by as many as they are. */
  async put({ tenant, namespace, key }: KvPlace, value: string): Promise<KvEntry | null> {
    const [row] = await this.dataSource.query<Row[]>(
      `INSERT INTO kv_entries (tenant_id, namespace, key, value)
       SELECT $1, $2, $3, $4::json
       WHERE EXISTS (SELECT 1 FROM kv_entries WHERE tenant_id = $1 AND namespace = $2 AND key = $3)
          OR (SELECT count(*) FROM (SELECT 1 FROM kv_entries WHERE tenant_id = $1 AND namespace = $2 LIMIT ${MAX_ENTRIES}) AS held) < ${MAX_ENTRIES}
       ON CONFLICT (tenant_id, namespace, key) DO UPDATE SET value = excluded.value, updated_at = now()
       RETURNING namespace, key, value, updated_at`,
      [tenant, namespace, key, value],
    );
    return row === undefined ? null : entryOf(row);
  }

  /** False when there was none. */
  async delete({ tenant, namespace, key }: KvPlace): Promise<boolean> {
    const [rows] = await this.dataSource.query<[unknown[], number]>(
      'DELETE FROM kv_entries WHERE tenant_id = $1 AND namespace = $2 AND key = $3 RETURNING 1',
      [tenant, namespace, key],
    );
    return rows.length > 0;
  }

  /** By their namespaces and keys, at most `limit`. */
  async list(
    tenant: string,
    filter: { readonly namespace: string | undefined; readonly prefix: string },
    page: { readonly after: readonly [namespace: string, key: string] | null; readonly limit: number },
  ): Promise<KvEntry[]> {
    const rows = await this.dataSource.query<Row[]>(
      `SELECT namespace, key, value, updated_at FROM kv_entries
       WHERE tenant_id = $1 AND ($2::text IS NULL OR namespace = $2) AND starts_with(key, $3)
         AND ($4::text IS NULL OR (namespace, key) > ($4, $5))
       ORDER BY namespace, key LIMIT $6`,
      [tenant, filter.namespace ?? null, filter.prefix, page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit],
    );
    return rows.map(entryOf);
  }
}

function entryOf({ namespace, key, value, updated_at: updatedAt }: Row): KvEntry {
  return { namespace, key, value, updatedAt };
}
