import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import type { JsonObject } from '../../../engine/index.js';

export class DecideDto {
  @ApiPropertyOptional({ description: 'Path of the waiting step; needed when several wait', maxLength: 1000, example: 'release' })
  @IsString()
  @Length(1, 1000)
  @IsOptional()
  step?: string;

  @ApiPropertyOptional({ description: 'Kept with the decision, and given to the step', maxLength: 10_000, example: 'checked the address' })
  @IsString()
  @MaxLength(10_000)
  @IsOptional()
  comment?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'New values for editable members of the payload',
    example: { amount: 90 },
  })
  @IsObject()
  @IsOptional()
  edits?: JsonObject;

  @ApiPropertyOptional({ description: 'The `content_hash` that was looked at; a 409 when it is another by now', example: 'a'.repeat(64) })
  @Matches(/^[0-9a-f]{64}$/, { message: 'must be a SHA-256 in hex' })
  @IsOptional()
  content_hash?: string;
}
