import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { decodeCursor, encodeCursor, isUuid } from '../../platform/http/cursor.js';
import { type Page, pageOf } from '../../platform/http/page.js';
import type { AgentDefinition } from './definition/agent-definition.js';

/** Why an agent takes no runs. */
export type Undeployed = 'draft' | 'paused';

/** An agent with one of its versions, as the API shows it. */
export interface AgentRow {
  readonly id: string;
  readonly name: string;
  /** Null when it takes runs. */
  readonly lifecycle: Undeployed | null;
  readonly version_id: string;
  readonly version: number;
  readonly latest_version: number;
  readonly created_by: string | null;
  readonly definition: AgentDefinition;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly version_created_at: Date;
}

const COLUMNS = `w.id, w.name, w.lifecycle, v.id AS version_id, v.version, w.latest_version, v.created_by, v.definition -> 'agent' AS definition,
  w.created_at, w.updated_at, v.created_at AS version_created_at`;
const OF_TENANT = `w.tenant_id = $1 AND w.kind = 'agent' AND w.deleted_at IS NULL`;

interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
}

/** Reads agents for the API and finds those that are named; the definitions of runs come from the engine's own cache. */
@Injectable()
export class AgentQueries {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** The latest versions, agents created last first. */
  async list<T>(
    tenant: string,
    query: PageRequest & { readonly q?: string; readonly source?: string },
    toDto: (row: AgentRow) => T,
  ): Promise<Page<T>> {
    const conditions = [OF_TENANT];
    const parameters: unknown[] = [tenant];
    const where = (value: unknown, condition: (parameter: string) => string): void => {
      if (value !== undefined) conditions.push(condition(`$${parameters.push(value)}`));
    };
    where(query.cursor === undefined ? undefined : decodeCursor(query.cursor, isUuid), (before) => `w.id < ${before}`);
    where(query.source, (source) => `w.source = ${source}`);
    where(
      query.q === undefined ? undefined : `%${query.q.replace(/[\\%_]/g, '\\$&')}%`,
      (text) => `(w.name ILIKE ${text} OR w.description ILIKE ${text})`,
    );
    const rows = await this.dataSource.query<AgentRow[]>(
      `SELECT ${COLUMNS} FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = w.latest_version
       WHERE ${conditions.join(' AND ')} ORDER BY w.id DESC LIMIT ${query.limit + 1}`,
      parameters,
    );
    return pageOf(rows, query.limit, toDto, (row) => encodeCursor(row.id));
  }

  /** A version, the latest unless one is named; null when there is none. `ref` is a name or an id. */
  async find(tenant: string, ref: string, version?: number): Promise<AgentRow | null> {
    const [row] = await this.dataSource.query<AgentRow[]>(
      `SELECT ${COLUMNS} FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = coalesce($3::integer, w.latest_version)
       WHERE ${OF_TENANT} AND ${subject(ref)}`,
      [tenant, ref, version ?? null],
    );
    return row ?? null;
  }

  /** The agent's id, or null. */
  async idOf(tenant: string, name: string): Promise<string | null> {
    const [row] = await this.dataSource.query<{ id: string }[]>(`SELECT w.id FROM workflows w WHERE ${OF_TENANT} AND ${subject(name)}`, [
      tenant,
      name,
    ]);
    return row?.id ?? null;
  }

  /** Newest first; null when there is no such agent. */
  async listVersions<T>(tenant: string, ref: string, page: PageRequest, toDto: (row: AgentRow) => T): Promise<Page<T> | null> {
    const before = page.cursor === undefined ? null : decodeCursor(page.cursor, isVersion);
    const rows = await this.dataSource.query<AgentRow[]>(
      `SELECT ${COLUMNS} FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND ($3::integer IS NULL OR v.version < $3)
       WHERE ${OF_TENANT} AND ${subject(ref)} ORDER BY v.version DESC LIMIT ${page.limit + 1}`,
      [tenant, ref, before],
    );
    // Every agent has a version, so that an empty first page means no agent.
    if (rows.length === 0 && before === null) return null;
    return pageOf(rows, page.limit, toDto, (row) => encodeCursor(row.version));
  }

  /** Puts an agent out of service, or with null into it. False when there is no such agent. */
  async setLifecycle(tenant: string, ref: string, lifecycle: Undeployed | null): Promise<boolean> {
    const changed = await this.dataSource.query<{ id: string }[]>(
      `WITH changed AS (UPDATE workflows w SET lifecycle = $3 WHERE ${OF_TENANT} AND ${subject(ref)} RETURNING w.id) SELECT id FROM changed`,
      [tenant, ref, lifecycle],
    );
    return changed.length > 0;
  }

  /** False when there is no such agent. */
  async delete(tenant: string, ref: string): Promise<boolean> {
    const deleted = await this.dataSource.query<{ id: string }[]>(
      `WITH deleted AS (UPDATE workflows w SET deleted_at = now() WHERE ${OF_TENANT} AND ${subject(ref)} RETURNING w.id) SELECT id FROM deleted`,
      [tenant, ref],
    );
    return deleted.length > 0;
  }
}

function subject(ref: string): string {
  return isUuid(ref) ? 'w.id = $2::uuid' : 'w.name = $2';
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31;
}
