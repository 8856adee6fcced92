import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class GraphNodeDto {
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
}

export class GraphEdgeDto {
  @ApiProperty({ example: 'fetch' })
  from: string;

  @ApiProperty({ example: 'price' })
  to: string;

  @ApiPropertyOptional({ description: 'When it is taken, in a state machine', example: 'on failure' })
  label?: string;
}

export class GraphDto {
  @ApiProperty({ type: GraphNodeDto, isArray: true })
  nodes: GraphNodeDto[];

  @ApiProperty({ type: GraphEdgeDto, isArray: true })
  edges: GraphEdgeDto[];
}
