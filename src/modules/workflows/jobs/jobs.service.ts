import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { inputsSchemaOf } from '../../../engine/workflow/index.js';
import type { WorkflowDefinition } from '../../../engine/model/definition.js';
import type { Json } from '../../../engine/model/json.js';
import { decodeCursor, encodeCursor } from '../../../platform/http/cursor.js';
import { type Page, pageOf } from '../../../platform/http/page.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { DEFAULT_TENANT } from '../../auth/index.js';
import { toWorkflowFileErrorDto } from '../files/dto/workflow-source.dto.js';
import { WorkflowFilesService } from '../files/workflow-files.service.js';
import type { DefinitionOrigin } from '../origin.js';
import { fileSource, sourceOfVersion } from '../source.js';
import { jobNotFound } from '../workflows.errors.js';
import { formatWorkflowName, parseWorkflowName } from '../workflow-name.js';
import { type JobDetailDto, type JobDto, type ListJobsQueryDto, toJobSteps } from './job.dto.js';

interface JobRow {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly tags: string[];
  readonly description: string | null;
  readonly version_id: string;
  readonly version: number;
  readonly kind: string;
  readonly inputs: Json;
  readonly timeout_ms: number | null;
  readonly created_by: string | null;
  readonly origin: DefinitionOrigin | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const COLUMNS = `
  w.id, w.namespace, w.name, w.tags, w.description, v.id AS version_id, v.version, v.kind, v.definition -> 'inputs' AS inputs,
  (v.definition #>> '{settings,timeout_ms}')::double precision AS timeout_ms, v.created_by, v.origin, w.created_at, v.created_at AS updated_at`;
const FROM = 'FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = w.latest_version';

/** Workflows as jobs: what a job is called, takes and consists of, wherever it came from. */
@Injectable()
export class JobsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly files: WorkflowFilesService,
  ) {}

  /** By their ids. */
  async list({ tenant }: Principal, query: ListJobsQueryDto): Promise<Page<JobDto>> {
    const after = query.cursor === undefined ? null : decodeCursor(query.cursor, isPosition);
    const sources = query.source === undefined ? null : [query.source, fileSource(query.source)];
    const rows = await this.dataSource.query<JobRow[]>(
      `SELECT ${COLUMNS} ${FROM}
       WHERE w.tenant_id = $1 AND w.kind = 'workflow' AND w.deleted_at IS NULL AND ($2::text[] IS NULL OR w.source = ANY ($2)) AND ($3::text IS NULL OR w.namespace = $3)
         AND ($4::text IS NULL OR (w.namespace, w.name) > ($4, $5))
       ORDER BY w.namespace, w.name LIMIT ${query.limit + 1}`,
      [tenant, sources, query.namespace ?? null, after?.[0] ?? null, after?.[1] ?? null],
    );
    return pageOf(
      rows,
      query.limit,
      (row) => this.toDto(tenant, row),
      ({ namespace, name }) => encodeCursor([namespace, name]),
    );
  }

  async get({ tenant }: Principal, id: string): Promise<JobDetailDto> {
    const name = parseWorkflowName(id);
    if (name === null) throw jobNotFound();
    const [row] = await this.dataSource.query<(JobRow & { readonly definition: WorkflowDefinition })[]>(
      `SELECT ${COLUMNS}, v.definition ${FROM} WHERE w.tenant_id = $1 AND w.kind = 'workflow' AND w.deleted_at IS NULL AND w.namespace = $2 AND w.name = $3`,
      [tenant, name.namespace, name.name],
    );
    if (row === undefined) throw jobNotFound();
    return { ...this.toDto(tenant, row), steps: toJobSteps(row.definition) };
  }

  private toDto(tenant: string, row: JobRow): JobDto {
    const source = sourceOfVersion(row.created_by);
    const path = row.origin?.path ?? null;
    const error = tenant === DEFAULT_TENANT && path !== null ? this.files.errorAt(source, path) : null;
    return {
      id: formatWorkflowName(row),
      name: row.name,
      namespace: row.namespace,
      version: row.origin?.label ?? String(row.version),
      description: row.description,
      source,
      format: row.origin?.format ?? 'native',
      path,
      // What else a definition holds does not matter to the schema of its inputs.
      args: inputsSchemaOf({ kind: row.kind, inputs: row.inputs ?? undefined } as unknown as WorkflowDefinition) ?? { type: 'object' },
      tags: row.tags,
      timeout_ms: row.timeout_ms,
      workflow: { id: row.id, version: row.version, version_id: row.version_id },
      error: error === null ? null : toWorkflowFileErrorDto(error),
      created_at: row.created_at.toISOString(),
      updated_at: row.updated_at.toISOString(),
    };
  }
}

function isPosition(value: Json): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}
