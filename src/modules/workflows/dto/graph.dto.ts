import { ApiProperty } from '@nestjs/swagger';

export class GraphNodeDto {
  @ApiProperty({ example: 'fetch' })
  id: string;

  @ApiProperty({ example: 'http.request' })
  type: string;

  @ApiProperty({ description: 'Its name, or else its id', example: 'Fetch the orders' })
  name: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Its depth: 0 needs nothing', example: 0 })
  level: number | null;

  @ApiProperty({ enum: ['all_success', 'any_success', 'all_done'], example: 'all_success' })
  join: string;

  @ApiProperty({ description: 'Whether `when` decides that it runs', example: false })
  conditional: boolean;

  @ApiProperty({ description: 'Whether it runs once per item', example: false })
  for_each: boolean;
}

export class GraphEdgeDto {
  @ApiProperty({ example: 'fetch' })
  from: string;

  @ApiProperty({ example: 'price' })
  to: string;
}

export class GraphDto {
  @ApiProperty({ type: GraphNodeDto, isArray: true })
  nodes: GraphNodeDto[];

  @ApiProperty({ type: GraphEdgeDto, isArray: true })
  edges: GraphEdgeDto[];
}
