import { ApiProperty } from '@nestjs/swagger';
import { CHECK_STATUSES, type CheckStatus } from '../../../platform/doctor/index.js';
import { FailedCheckDto } from '../../../platform/health/index.js';

export class DatabaseInfoDto {
  @ApiProperty({ enum: ['embedded', 'server'] })
  readonly kind: 'embedded' | 'server';

  @ApiProperty({ example: '18.1' })
  readonly version: string;

  @ApiProperty({ description: 'Whether processes hear each other by LISTEN' })
  readonly listen: boolean;

  @ApiProperty({ description: 'Whether vectors can be indexed' })
  readonly pgvector: boolean;
}

export class SystemInfoDto {
  @ApiProperty({ example: 'heddle' })
  readonly service: string;

  @ApiProperty({ example: '0.1.0' })
  readonly version: string;

  @ApiProperty({ example: 'v24.21.0', description: 'Of Node' })
  readonly runtime: string;

  @ApiProperty({ enum: ['all', 'api', 'worker'], description: 'What the answering process does' })
  readonly role: 'all' | 'api' | 'worker';

  @ApiProperty({ format: 'date-time' })
  readonly started_at: string;

  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly uptime_seconds: number;

  @ApiProperty({ type: DatabaseInfoDto })
  readonly database: DatabaseInfoDto;
}

export class ProcessStatusDto {
  @ApiProperty({ type: 'integer', description: 'Runs that are executed here' })
  readonly runs: number;

  @ApiProperty({ type: 'integer', description: 'Memory of the process, bytes' })
  readonly memory_bytes: number;

  @ApiProperty({ type: 'integer', description: 'Used heap of JavaScript, bytes' })
  readonly heap_bytes: number;

  @ApiProperty({ description: 'CPU seconds since the start' })
  readonly cpu_seconds: number;
}

export class StorageStatusDto {
  @ApiProperty({ type: 'integer', description: 'Size of the database, indexes included' })
  readonly database_bytes: number;

  @ApiProperty({ type: 'integer', description: 'What of it is the journal' })
  readonly journal_bytes: number;

  @ApiProperty({ type: 'integer', description: 'The newest migration', example: 1_764_000_000_000 })
  readonly schema_version: number;
}

export class SystemStatusDto {
  @ApiProperty({ enum: ['ok', 'unavailable'] })
  readonly status: 'ok' | 'unavailable';

  @ApiProperty({ type: [FailedCheckDto], description: 'What keeps the answering process from serving' })
  readonly failing: readonly FailedCheckDto[];

  @ApiProperty({ type: ProcessStatusDto, description: 'The answering process' })
  readonly process: ProcessStatusDto;

  @ApiProperty({ type: StorageStatusDto })
  readonly storage: StorageStatusDto;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    example: { pending: 0, running: 3, waiting: 120, cancelling: 0 },
    description: "The tenant's runs that are not over, by status",
  })
  readonly runs: Readonly<Record<string, number>>;
}

export class CheckDto {
  @ApiProperty({ example: 'tables' })
  readonly name: string;

  @ApiProperty({ enum: CHECK_STATUSES })
  readonly status: CheckStatus;

  @ApiProperty({ example: '812 MiB in 21 tables' })
  readonly message: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly details: Readonly<Record<string, unknown>>;

  @ApiProperty({ type: 'integer', minimum: 0 })
  readonly duration_ms: number;
}

export class DoctorDto {
  @ApiProperty({ enum: CHECK_STATUSES, description: 'The worst of all checks' })
  readonly status: CheckStatus;

  @ApiProperty({ format: 'date-time' })
  readonly checked_at: string;

  @ApiProperty({ type: [CheckDto] })
  readonly checks: readonly CheckDto[];
}
