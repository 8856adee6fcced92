import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { GRAPH_FORMATS, type GraphFormat } from '../../../engine/graph/index.js';
import { STEP_STATUSES, type StepStatus } from '../../../engine/index.js';

export class RunGraphQueryDto {
  @ApiPropertyOptional({ enum: GRAPH_FORMATS, default: 'json', example: 'mermaid' })
  @IsIn(GRAPH_FORMATS)
  @IsOptional()
  format: GraphFormat = 'json';
}

export class RunGraphNodeDto {
  @ApiProperty({ example: 'fetch' })
  id: string;

  @ApiProperty({ example: 'http.request' })
  type: string;

  @ApiProperty({ description: 'Its name, or else its id', example: 'Fetch the orders' })
  name: string;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Its depth: 0 needs nothing, or is the initial state; null when nothing leads to it',
    example: 0,
  })
  level: number | null;

  @ApiProperty({ enum: ['all_success', 'any_success', 'all_done'], example: 'all_success' })
  join: string;

  @ApiProperty({ description: 'Whether `when` decides that it runs, or conditions where it leads', example: false })
  conditional: boolean;

  @ApiProperty({ description: 'Whether it runs once per item, or in a loop', example: false })
  for_each: boolean;

  @ApiProperty({ enum: STEP_STATUSES, example: 'success' })
  status: StepStatus;

  @ApiProperty({ type: 'integer', nullable: true, description: 'From its first attempt to its end', example: 12 })
  duration_ms: number | null;

  @ApiProperty({ type: 'integer', minimum: 0, example: 1 })
  attempts: number;
}

export class RunGraphEdgeDto {
  @ApiProperty({ example: 'fetch' })
  from: string;

  @ApiProperty({ example: 'price' })
  to: string;

  @ApiPropertyOptional({ description: 'When it is taken, in a state machine', example: 'on failure' })
  label?: string;
}

export class RunGraphDto {
  @ApiProperty({ type: RunGraphNodeDto, isArray: true })
  nodes: RunGraphNodeDto[];

  @ApiProperty({ type: RunGraphEdgeDto, isArray: true })
  edges: RunGraphEdgeDto[];
}
