import { ApiProperty } from '@nestjs/swagger';
import type { JsonObject } from '../../../engine/model/json.js';
import type { NodeType } from '../../../engine/ports/node-type.js';

const JSON_SCHEMA = { type: 'object', additionalProperties: true } as const;

export class NodeTypeDto {
  @ApiProperty({ example: 'http.request' })
  type: string;

  @ApiProperty({ example: 'http' })
  category: string;

  @ApiProperty({ example: 'Sends an HTTP request' })
  description: string;

  @ApiProperty({ description: 'Whether it is deterministic and without effect outside of the run', example: false })
  pure: boolean;

  @ApiProperty({ ...JSON_SCHEMA, description: 'JSON Schema 2020-12 of `config`' })
  config_schema: JsonObject;

  @ApiProperty({ ...JSON_SCHEMA, description: 'JSON Schema 2020-12 of `inputs`' })
  input_schema: JsonObject;

  @ApiProperty({ ...JSON_SCHEMA, description: 'JSON Schema 2020-12 of the output' })
  output_schema: JsonObject;
}

export class NodeTypesDto {
  @ApiProperty({ type: NodeTypeDto, isArray: true })
  data: NodeTypeDto[];

  @ApiProperty({ type: 'string', nullable: true, description: 'Always null: one page holds them all', example: null })
  next_cursor: string | null;
}

export function toNodeTypeDto(nodeType: NodeType): NodeTypeDto {
  return {
    type: nodeType.type,
    category: nodeType.category,
    description: nodeType.description,
    pure: nodeType.pure,
    config_schema: nodeType.configSchema,
    input_schema: nodeType.inputSchema,
    output_schema: nodeType.outputSchema,
  };
}
