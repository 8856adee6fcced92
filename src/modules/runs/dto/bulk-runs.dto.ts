import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { RUN_STATUSES, type RunStatus } from '../../../engine/index.js';
import { RunFilterDto } from './list-runs.dto.js';

/** Which runs are meant. At least one member besides `status` must be there, so that an empty filter never means everything. */
export class BulkFilterDto extends PickType(RunFilterDto, ['workflow', 'tag', 'trigger', 'since', 'until'] as const) {
  @ApiPropertyOptional({ enum: RUN_STATUSES, isArray: true, description: 'Runs in one of these statuses', example: ['failed'] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(RUN_STATUSES.length)
  @IsIn(RUN_STATUSES, { each: true })
  @IsOptional()
  status?: RunStatus[];
}

export class BulkRunsDto {
  @ApiProperty({ type: () => BulkFilterDto, description: 'Which runs are meant' })
  @ValidateNested()
  @Type(() => BulkFilterDto)
  filter: BulkFilterDto;

  @ApiPropertyOptional({ default: false, description: 'Only tell which runs would be taken' })
  @IsBoolean()
  @IsOptional()
  dry_run?: boolean;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1000, default: 100, description: 'Runs taken at most, newest first' })
  @IsInt()
  @Min(1)
  @Max(1000)
  @IsOptional()
  limit?: number;
}

export class BulkCancelDto extends BulkRunsDto {
  @ApiPropertyOptional({ description: 'Kept with each run', maxLength: 1000, example: 'bad deployment' })
  @IsString()
  @MaxLength(1000)
  @IsOptional()
  reason?: string;
}

export class BulkOutcomeDto {
  @ApiProperty({ format: 'uuid', description: 'The run that was meant' })
  id: string;

  @ApiProperty({ enum: [...RUN_STATUSES], description: 'Its status, as far as the request changed it', example: 'cancelling' })
  status: RunStatus;

  @ApiPropertyOptional({ format: 'uuid', description: 'The new run, when it was resumed' })
  resumed_as?: string;

  @ApiPropertyOptional({ description: 'Why it was left alone', example: 'not_resumable' })
  refused?: string;
}

export class BulkRunsResultDto {
  @ApiProperty({ description: 'Whether nothing was changed', example: false })
  dry_run: boolean;

  @ApiProperty({ type: [BulkOutcomeDto], description: 'What became of each run, newest first' })
  runs: BulkOutcomeDto[];

  @ApiProperty({ description: 'Whether more runs match than were taken; ask again for the rest', example: false })
  more: boolean;
}
