import { ApiPropertyOptional, IntersectionType, PickType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsISO8601, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { RUN_STATUSES, type RunStatus } from '../../../engine/index.js';
import { splitList } from './split-list.js';
import { PageQueryDto } from '../../../platform/http/page.js';
import type { RunSelection } from '../queries/run-filter.js';

/** Which runs are meant, as query parameters. */
export class RunFilterDto {
  @ApiPropertyOptional({ description: 'Id or `namespace/name` of a workflow, also of a deleted one', example: 'demo/orders' })
  @IsString()
  @MaxLength(400)
  @IsOptional()
  workflow?: string;

  @ApiPropertyOptional({ description: 'Name of an agent' })
  @IsString()
  @MaxLength(400)
  @IsOptional()
  agent?: string;

  @ApiPropertyOptional({ description: 'Runs that carry this tag', example: 'nightly' })
  @IsString()
  @MaxLength(100)
  @IsOptional()
  tag?: string;

  @ApiPropertyOptional({ description: 'What started them: api, run, cron, webhook, event', example: 'api' })
  @IsString()
  @MaxLength(100)
  @IsOptional()
  trigger?: string;

  @ApiPropertyOptional({ description: 'Created at this time or later', format: 'date-time', example: '2026-03-01T00:00:00Z' })
  @IsISO8601({ strict: true })
  @IsOptional()
  since?: string;

  @ApiPropertyOptional({ description: 'Created before this time', format: 'date-time', example: '2026-04-01T00:00:00Z' })
  @IsISO8601({ strict: true })
  @IsOptional()
  until?: string;
}

export class RunStatsQueryDto extends PickType(RunFilterDto, ['workflow', 'agent', 'tag', 'trigger', 'since', 'until'] as const) {}

export class ListRunsQueryDto extends IntersectionType(PageQueryDto, RunFilterDto) {
  @ApiPropertyOptional({
    description: 'One status, or several with commas between',
    type: 'string',
    example: 'running,waiting',
  })
  @Transform(splitList)
  @IsIn(RUN_STATUSES, { each: true, message: `must be of ${RUN_STATUSES.join(', ')}` })
  @IsOptional()
  status?: RunStatus[];

  @ApiPropertyOptional({ description: 'Runs that this run started', format: 'uuid' })
  @IsUUID()
  @IsOptional()
  parent?: string;
}

export function toRunSelection(tenant: string, query: RunStatsQueryDto & { parent?: string }): RunSelection {
  return {
    tenant,
    workflow: query.workflow,
    agent: query.agent,
    tag: query.tag,
    trigger: query.trigger,
    parent: query.parent,
    since: query.since === undefined ? undefined : new Date(query.since),
    until: query.until === undefined ? undefined : new Date(query.until),
  };
}
