import { ApiProperty } from '@nestjs/swagger';
import { DefinitionFaultDto } from '../../dto/validation.dto.js';
import { DEFINITION_FORMATS, type DefinitionFormatName } from '../../origin.js';
import type { WorkflowFileError, WorkflowSourceState } from '../workflow-files.service.js';

export class WorkflowFileErrorDto {
  @ApiProperty({ description: 'The file, relative to the directory', example: 'ops/backup/config.yaml' })
  path: string;

  @ApiProperty({ enum: DEFINITION_FORMATS, nullable: true, description: 'Null when it could not be told', example: 'flwd' })
  format: DefinitionFormatName | null;

  @ApiProperty({ example: 'the definition has an error' })
  message: string;

  @ApiProperty({ type: DefinitionFaultDto, isArray: true, description: 'Every fault, with its place in the file' })
  errors: DefinitionFaultDto[];

  @ApiProperty({ type: 'string', format: 'date-time', description: 'Since when', example: '2030-01-01T12:00:00.000Z' })
  at: string;
}

export class WorkflowSourceDto {
  @ApiProperty({ example: 'fs:jobs' })
  source: string;

  @ApiProperty({ description: 'The directory, on the node that answers', example: '/srv/jobs' })
  path: string;

  @ApiProperty({ enum: DEFINITION_FORMATS, isArray: true, description: 'What was found in it', example: ['flwd'] })
  formats: DefinitionFormatName[];

  @ApiProperty({ type: 'integer', description: 'How many files hold definitions, or mean to', example: 12 })
  files: number;

  @ApiProperty({ type: 'integer', description: 'How many workflows they are', example: 11 })
  workflows: number;

  @ApiProperty({ type: WorkflowFileErrorDto, isArray: true, description: 'The files that could not be loaded; the others are' })
  errors: WorkflowFileErrorDto[];
}

export class WorkflowSourcesDto {
  @ApiProperty({ type: WorkflowSourceDto, isArray: true })
  data: WorkflowSourceDto[];

  @ApiProperty({ type: 'string', nullable: true, description: 'Always null: one page holds them all', example: null })
  next_cursor: string | null;
}

export function toWorkflowFileErrorDto({ file, format, message, errors, at }: WorkflowFileError): WorkflowFileErrorDto {
  return { path: file, format, message, errors: [...errors], at };
}

export function toWorkflowSourceDto(state: WorkflowSourceState): WorkflowSourceDto {
  return { ...state, formats: [...state.formats], errors: state.errors.map(toWorkflowFileErrorDto) };
}
