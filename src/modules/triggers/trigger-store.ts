import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { decodeCursor, encodeCursor, isUuid } from '../../platform/http/cursor.js';
import { type Page, pageOf } from '../../platform/http/page.js';
import { nextCronTime } from './cron-schedule.js';
import type { NamedTrigger, TriggerSpec } from './trigger-definition.js';
import { LIVING_TRIGGERS, TRIGGER_COLUMNS, type TriggerRow } from './trigger-row.js';

export interface NewTrigger {
  readonly id: string;
  readonly tenant: string;
  readonly workflowId: string;
  readonly spec: TriggerSpec;
  readonly source: 'definition' | 'api';
  readonly access: HookAccess | null;
}

/** How a webhook trigger is called: what of it is stored. */
export interface HookAccess {
  /** SHA-256 of the token. */
  readonly tokenHash: Buffer;
  /** Sealed. */
  readonly secret: string;
}

/** Reads and writes triggers. */
@Injectable()
export class TriggerStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Creates the trigger; one of this id that exists already, a repeated request, gets the new access. */
  async create(
    { id, tenant, workflowId, spec, source, access }: NewTrigger,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<void> {
    await manager.query(
      `INSERT INTO triggers (id, tenant_id, workflow_id, kind, name, source, config, inputs, enabled, token_hash, secret, next_fire_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
       ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash, secret = excluded.secret`,
      [
        id,
        tenant,
        workflowId,
        spec.kind,
        spec.name,
        source,
        JSON.stringify(spec.config),
        JSON.stringify(spec.inputs),
        spec.enabled,
        access?.tokenHash ?? null,
        access?.secret ?? null,
        await this.firstFire(manager, spec),
      ],
    );
  }

  /** Gives a trigger new content, as of now: it fires for nothing that was before. */
  async change(id: string, spec: TriggerSpec, manager: EntityManager = this.dataSource.manager): Promise<void> {
    await manager.query(
      `UPDATE triggers SET name = $2, config = $3, inputs = $4, enabled = $5, next_fire_at = $6, revision = revision + 1, updated_at = now(),
         since_xid = CASE WHEN enabled THEN since_xid ELSE pg_snapshot_xmin(pg_current_snapshot())::text::bigint END
       WHERE id = $1`,
      [id, spec.name, JSON.stringify(spec.config), JSON.stringify(spec.inputs), spec.enabled, await this.firstFire(manager, spec)],
    );
  }

  async setAccess(id: string, { tokenHash, secret }: HookAccess): Promise<void> {
    await this.dataSource.query('UPDATE triggers SET token_hash = $2, secret = $3, updated_at = now() WHERE id = $1', [
      id,
      tokenHash,
      secret,
    ]);
  }

  async delete(id: string, manager: EntityManager = this.dataSource.manager): Promise<void> {
    await manager.query('DELETE FROM triggers WHERE id = $1', [id]);
  }

  async find(tenant: string, id: string): Promise<TriggerRow | null> {
    const [row] = await this.dataSource.query<TriggerRow[]>(
      `SELECT ${TRIGGER_COLUMNS} FROM ${LIVING_TRIGGERS} WHERE t.id = $1 AND t.tenant_id = $2`,
      [id, tenant],
    );
    return row ?? null;
  }

  async findByToken(tokenHash: Buffer): Promise<TriggerRow | null> {
    const [row] = await this.dataSource.query<TriggerRow[]>(`SELECT ${TRIGGER_COLUMNS} FROM ${LIVING_TRIGGERS} WHERE t.token_hash = $1`, [
      tokenHash,
    ]);
    return row ?? null;
  }

  /** Newest first. */
  async list<T>(
    tenant: string,
    workflowId: string,
    page: { readonly limit: number; readonly cursor?: string },
    toDto: (row: TriggerRow) => T,
  ): Promise<Page<T>> {
    const before = page.cursor === undefined ? null : decodeCursor(page.cursor, isUuid);
    const rows = await this.dataSource.query<TriggerRow[]>(
      `SELECT ${TRIGGER_COLUMNS} FROM ${LIVING_TRIGGERS}
       WHERE t.tenant_id = $1 AND t.workflow_id = $2 AND ($3::uuid IS NULL OR t.id < $3) ORDER BY t.id DESC LIMIT ${page.limit + 1}`,
      [tenant, workflowId, before],
    );
    return pageOf(rows, page.limit, toDto, (row) => encodeCursor(row.id));
  }

  /** Makes the triggers of a workflow's definition those that are given. One that stayed the same is left alone, whatever was switched since. */
  async replaceDefined(manager: EntityManager, tenant: string, workflowId: string, specs: readonly NamedTrigger[]): Promise<void> {
    const rows = await manager.query<TriggerRow[]>(
      `SELECT ${TRIGGER_COLUMNS} FROM ${LIVING_TRIGGERS} WHERE t.workflow_id = $1 AND t.source = 'definition'`,
      [workflowId],
    );
    const known = new Map(rows.map((row) => [`${row.kind} ${row.name}`, row]));
    for (const row of rows) {
      if (!specs.some(({ kind, name }) => kind === row.kind && name === row.name)) await this.delete(row.id, manager);
    }
    for (const spec of specs) {
      const row = known.get(`${spec.kind} ${spec.name}`);
      if (row === undefined) await this.create({ id: uuidv7(), tenant, workflowId, spec, source: 'definition', access: null }, manager);
      else if (!sameContent(row, spec)) await this.change(row.id, spec, manager);
    }
  }

  /** By the database's clock. */
  private async firstFire(manager: EntityManager, spec: TriggerSpec): Promise<Date | null> {
    if (spec.kind !== 'cron') return null;
    const [row] = await manager.query<{ now: Date }[]>('SELECT clock_timestamp() AS now');
    const next = nextCronTime(spec.config, (row as { now: Date }).now.getTime());
    return next === null ? null : new Date(next);
  }
}

function sameContent(row: TriggerRow, spec: TriggerSpec): boolean {
  return JSON.stringify([row.config, row.inputs]) === JSON.stringify([spec.config, spec.inputs]);
}
