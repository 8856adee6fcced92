import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsObject, IsOptional, IsString, Length, Min } from 'class-validator';
import type { JsonObject } from '../../../engine/index.js';

export class ResumeRunDto {
  @ApiPropertyOptional({
    description:
      'Path of the step to do again, with all that depends on it; in a state machine with all that came after it (`fetch~2` is the second visit of a state). Without it, whatever did not succeed is done again',
    maxLength: 400,
    example: 'price',
  })
  @IsString()
  @Length(1, 400)
  @IsOptional()
  from_step?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'Members that replace those of the old inputs',
    example: { factor: 3 },
  })
  @IsObject()
  @IsOptional()
  input_overrides?: JsonObject;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    description: 'Another version of the workflow; kept steps must mean the same in it',
    example: 2,
  })
  @IsInt()
  @Min(1)
  @IsOptional()
  version?: number;
}
