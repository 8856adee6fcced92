import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class FailedCheckDto {
  @ApiProperty({ example: 'database' })
  readonly name: string;

  @ApiProperty({ example: 'the database does not answer' })
  readonly message: string;
}

export class HealthDto {
  @ApiProperty({ enum: ['ok', 'unavailable'], example: 'ok' })
  readonly status: 'ok' | 'unavailable';

  @ApiProperty({ example: '0.1.0' })
  readonly version: string;

  @ApiProperty({ example: 'heddle' })
  readonly service: string;

  @ApiProperty({ type: 'integer', minimum: 0, example: 86_400 })
  readonly uptime_seconds: number;

  @ApiPropertyOptional({ type: [FailedCheckDto], description: 'What keeps the server from serving; only when there is something.' })
  readonly failing?: readonly FailedCheckDto[];
}
