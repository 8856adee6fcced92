import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { WorkflowDefinition } from '../../engine/model/definition.js';
import { decodeCursor, encodeCursor, isUuid } from '../../platform/http/cursor.js';
import { type Page, pageOf } from '../../platform/http/page.js';
import type { ListWorkflowsQueryDto } from './dto/list-workflows.dto.js';
import { PAUSE_COLUMNS, PAUSE_JOIN, type PauseColumns } from './dto/pause.dto.js';
import { subjectOf } from './workflow-name.js';

/** A workflow with one of its versions, as the API shows it. */
export interface WorkflowRow extends PauseColumns {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly version_id: string;
  readonly version: number;
  readonly latest_version: number;
  readonly kind: string;
  readonly description: string | null;
  readonly tags: string[];
  readonly created_by: string | null;
  readonly nodes: number;
  readonly triggers: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly version_created_at: Date;
}

export interface WorkflowWithDefinition extends WorkflowRow {
  readonly definition: WorkflowDefinition;
}

const COLUMNS = `
  w.id, w.namespace, w.name, v.id AS version_id, v.version, w.latest_version, v.kind, v.created_by,
  v.definition ->> 'description' AS description,
  array(SELECT json_array_elements_text(coalesce(v.definition -> 'tags', '[]'))) AS tags,
  CASE v.kind WHEN 'states' THEN (SELECT count(*)::int FROM json_object_keys(v.definition -> 'states'))
    ELSE json_array_length(v.definition -> 'nodes') END AS nodes,
  json_array_length(coalesce(v.definition -> 'triggers', '[]')) AS triggers,
  w.created_at, w.updated_at, v.created_at AS version_created_at, ${PAUSE_COLUMNS}`;

/** Reads workflows for the API; the definitions of runs come from `DefinitionsService`. */
@Injectable()
export class WorkflowQueries {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** The latest versions, workflows created last first. */
  async list<T>(tenant: string, query: ListWorkflowsQueryDto, toDto: (row: WorkflowRow) => T): Promise<Page<T>> {
    const conditions = ['w.tenant_id = $1', `w.kind = 'workflow'`, 'w.deleted_at IS NULL'];
    const parameters: unknown[] = [tenant];
    const where = (value: unknown, condition: (parameter: string) => string): void => {
      if (value !== undefined) conditions.push(condition(`$${parameters.push(value)}`));
    };
    where(query.cursor === undefined ? undefined : decodeCursor(query.cursor, isUuid), (before) => `w.id < ${before}`);
    where(query.namespace, (namespace) => `w.namespace = ${namespace}`);
    where(query.source, (source) => `w.source = ${source}`);
    where(query.tag, (tag) => `${tag} = ANY (w.tags)`);
    where(
      query.q === undefined ? undefined : `%${escapeLike(query.q)}%`,
      (text) => `(w.namespace || '/' || w.name ILIKE ${text} OR w.description ILIKE ${text})`,
    );
    const rows = await this.dataSource.query<WorkflowRow[]>(
      `SELECT ${COLUMNS} FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = w.latest_version ${PAUSE_JOIN}
       WHERE ${conditions.join(' AND ')} ORDER BY w.id DESC LIMIT ${query.limit + 1}`,
      parameters,
    );
    return pageOf(rows, query.limit, toDto, (row) => encodeCursor(row.id));
  }

  /** A version, the latest unless one is named; null when there is none. */
  async find(tenant: string, ref: string, version?: number): Promise<WorkflowWithDefinition | null> {
    const subject = subjectOf(ref, 3);
    if (subject === null) return null;
    const [row] = await this.dataSource.query<WorkflowWithDefinition[]>(
      `SELECT ${COLUMNS}, v.definition FROM workflows w
       JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = coalesce($2::integer, w.latest_version) ${PAUSE_JOIN}
       WHERE w.tenant_id = $1 AND w.kind = 'workflow' AND w.deleted_at IS NULL AND ${subject.condition}`,
      [tenant, version ?? null, ...subject.parameters],
    );
    return row ?? null;
  }

  /** Newest first; null when there is no such workflow. */
  async listVersions<T>(
    tenant: string,
    ref: string,
    page: { readonly limit: number; readonly cursor?: string },
    toDto: (row: WorkflowRow) => T,
  ): Promise<Page<T> | null> {
    const subject = subjectOf(ref, 3);
    if (subject === null) return null;
    const before = page.cursor === undefined ? null : decodeCursor(page.cursor, isVersion);
    const rows = await this.dataSource.query<WorkflowRow[]>(
      `SELECT ${COLUMNS} FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND ($2::integer IS NULL OR v.version < $2)
       ${PAUSE_JOIN}
       WHERE w.tenant_id = $1 AND w.kind = 'workflow' AND w.deleted_at IS NULL AND ${subject.condition} ORDER BY v.version DESC LIMIT ${page.limit + 1}`,
      [tenant, before, ...subject.parameters],
    );
    // Every workflow has a version, so that an empty first page means no workflow.
    if (rows.length === 0 && before === null) return null;
    return pageOf(rows, page.limit, toDto, (row) => encodeCursor(row.version));
  }

  /** False when there is no such workflow. */
  async delete(tenant: string, ref: string): Promise<boolean> {
    const subject = subjectOf(ref, 2);
    if (subject === null) return false;
    const deleted = await this.dataSource.query<{ id: string }[]>(
      `WITH deleted AS (
         UPDATE workflows w SET deleted_at = now() WHERE w.tenant_id = $1 AND w.kind = 'workflow' AND w.deleted_at IS NULL AND ${subject.condition} RETURNING w.id
       ) SELECT id FROM deleted`,
      [tenant, ...subject.parameters],
    );
    return deleted.length > 0;
  }
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31;
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
