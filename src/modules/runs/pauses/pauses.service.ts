import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { RunEngine } from '../../../engine/index.js';
import { NotFoundError } from '../../../platform/errors/app-error.js';
import { isUuid } from '../../../platform/http/cursor.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { formatWorkflowName, parseWorkflowName, PAUSE_COLUMNS, PAUSE_JOIN, toPauseDto, type PauseColumns } from '../../workflows/index.js';
import type { WorkflowPauseDto } from './pause.dto.js';

interface WorkflowRow extends PauseColumns {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly deleted: boolean;
}

/** Pauses workflows and resumes them. */
@Injectable()
export class PausesService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly engine: RunEngine,
  ) {}

  async pause({ tenant, keyName }: Principal, ref: string, reason: string | null): Promise<WorkflowPauseDto> {
    const workflow = await this.find(tenant, ref);
    if (workflow.deleted) throw new NotFoundError('workflow');
    await this.engine.pauseWorkflow({ tenant, workflowId: workflow.id, by: keyName, reason });
    return toDto(await this.find(tenant, workflow.id));
  }

  async resume({ tenant }: Principal, ref: string): Promise<WorkflowPauseDto> {
    const workflow = await this.find(tenant, ref);
    const resumed = await this.engine.resumeWorkflow({ tenant, workflowId: workflow.id });
    if (!resumed && workflow.deleted) throw new NotFoundError('workflow');
    return toDto(await this.find(tenant, workflow.id));
  }

  /** A name means the workflow that has it; an id also one that is deleted. */
  private async find(tenant: string, ref: string): Promise<WorkflowRow> {
    const name = isUuid(ref) ? null : parseWorkflowName(ref);
    if (name === null && !isUuid(ref)) throw new NotFoundError('workflow');
    const [row] = await this.dataSource.query<WorkflowRow[]>(
      `SELECT w.id, w.namespace, w.name, w.deleted_at IS NOT NULL AS deleted, ${PAUSE_COLUMNS} FROM workflows w ${PAUSE_JOIN}
       WHERE w.tenant_id = $1 AND w.kind = 'workflow' AND ${name === null ? 'w.id = $2' : 'w.deleted_at IS NULL AND w.namespace = $2 AND w.name = $3'}`,
      name === null ? [tenant, ref] : [tenant, name.namespace, name.name],
    );
    if (row === undefined) throw new NotFoundError('workflow');
    return row;
  }
}

function toDto(row: WorkflowRow): WorkflowPauseDto {
  return { id: row.id, name: formatWorkflowName(row), paused: toPauseDto(row) };
}
