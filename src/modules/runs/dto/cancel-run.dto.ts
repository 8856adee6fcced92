import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';

export class CancelRunDto {
  @ApiPropertyOptional({ description: 'Kept with the run', maxLength: 1000, example: 'wrong input' })
  @IsString()
  @MaxLength(1000)
  @IsOptional()
  reason?: string;
}

export class CancellingDto {
  @ApiProperty({ enum: ['cancelling'], example: 'cancelling' })
  status: 'cancelling';

  @ApiProperty({
    type: [String],
    description: 'Paths of the steps that are told to stop, as far as this server knows them',
    example: ['fetch'],
  })
  stopping: string[];
}

export class CancelledDto {
  @ApiProperty({ enum: ['success', 'failed', 'cancelled'], description: 'The run was over already', example: 'success' })
  status: 'success' | 'failed' | 'cancelled';
}
