import { ApiProperty } from '@nestjs/swagger';

/** Since when a workflow's runs are held back, by whom and why. */
export class PauseDto {
  @ApiProperty({ type: 'string', format: 'date-time', example: '2030-01-01T12:00:00.000Z' })
  since: string;

  @ApiProperty({ description: 'Name of the key that paused it', example: 'deploy' })
  by: string;

  @ApiProperty({ type: 'string', nullable: true, example: 'the partner is down' })
  reason: string | null;
}

/** The columns of `workflow_pauses` of a workflow; all null when it is not paused. */
export interface PauseColumns {
  readonly paused_at: Date | null;
  readonly paused_by: string | null;
  readonly pause_reason: string | null;
}

/** Joins the pause of the workflow `w`, if it is paused. */
export const PAUSE_JOIN = 'LEFT JOIN workflow_pauses p ON p.workflow_id = w.id AND p.resumed_at IS NULL';
export const PAUSE_COLUMNS = 'p.paused_at, p.paused_by, p.reason AS pause_reason';

export function toPauseDto({ paused_at: since, paused_by: by, pause_reason: reason }: PauseColumns): PauseDto | null {
  return since === null || by === null ? null : { since: since.toISOString(), by, reason };
}
