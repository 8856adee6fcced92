import { ApiProperty } from '@nestjs/swagger';

const COUNT = { type: 'integer', minimum: 0 } as const;

export class RunStatsDto {
  @ApiProperty({ ...COUNT, example: 120 })
  total: number;

  @ApiProperty({ ...COUNT, example: 110 })
  success: number;

  @ApiProperty({ ...COUNT, example: 6 })
  failed: number;

  @ApiProperty({ ...COUNT, example: 1 })
  cancelled: number;

  @ApiProperty({ ...COUNT, example: 0 })
  pending: number;

  @ApiProperty({ ...COUNT, example: 2 })
  running: number;

  @ApiProperty({ ...COUNT, example: 1 })
  waiting: number;

  @ApiProperty({ ...COUNT, example: 0 })
  cancelling: number;

  @ApiProperty({
    type: 'number',
    minimum: 0,
    maximum: 1,
    nullable: true,
    description: 'Of the runs that are over; null when none is',
    example: 0.94,
  })
  success_rate: number | null;

  @ApiProperty({ type: 'number', nullable: true, description: 'From start to end, of runs that are over', example: 840.5 })
  avg_duration_ms: number | null;

  @ApiProperty({ type: 'number', nullable: true, example: 700 })
  p50_ms: number | null;

  @ApiProperty({ type: 'number', nullable: true, example: 1900 })
  p95_ms: number | null;

  @ApiProperty({ type: 'number', nullable: true, example: 2400 })
  p99_ms: number | null;
}
