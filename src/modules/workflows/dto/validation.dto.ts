import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsOptional } from 'class-validator';
import type { JsonObject } from '../../../engine/model/json.js';

export class DefinitionFaultDto {
  @ApiProperty({ description: 'JSON pointer into the definition', example: '/nodes/1/when' })
  path: string;

  @ApiProperty({ description: 'A word code', example: 'dangling_reference' })
  code: string;

  @ApiProperty({ example: 'there is no node fecth, did you mean fetch?' })
  message: string;

  @ApiPropertyOptional({ type: 'integer', description: 'Of a fault in an expression or in YAML: its line, from 1', example: 1 })
  line?: number;

  @ApiPropertyOptional({ type: 'integer', description: 'Its column, from 1', example: 4 })
  column?: number;

  @ApiPropertyOptional({ type: 'integer', description: 'The same in UTF-16 units from 0', example: 3 })
  offset?: number;
}

export class ValidationDto {
  @ApiProperty({ example: true })
  valid: boolean;

  @ApiProperty({ type: DefinitionFaultDto, isArray: true, description: 'Every error at once' })
  errors: DefinitionFaultDto[];

  @ApiProperty({ type: DefinitionFaultDto, isArray: true, description: 'What is probably a mistake' })
  warnings: DefinitionFaultDto[];

  @ApiProperty({
    type: 'array',
    items: { type: 'array', items: { type: 'string' } },
    description:
      'Ids of the nodes by depth: nodes of one level can run at the same time, and those on or behind a cycle are missing. Names of states by their distance from the initial one',
    example: [['fetch'], ['price'], ['done']],
  })
  levels: string[][];
}

export class ValidateStoredDto {
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'Inputs to check against the schema of the workflow',
    example: { url: 'https://example.com/orders.json' },
  })
  @IsObject()
  @IsOptional()
  inputs?: JsonObject;
}
