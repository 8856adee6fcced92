import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsObject, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { Json, JsonObject } from '../../../engine/index.js';
import { PageQueryDto } from '../../../platform/http/page.js';
import { ANY_JSON } from '../../runs/index.js';
import { isRunTool, type Tool } from '../tool.js';

const SCHEMA_EXAMPLE = { type: 'object', properties: { timezone: { type: 'string' } } };
export const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_TIMEOUT_MS = 15 * 60_000;

export class ListToolsQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ maxLength: 40, description: 'Only those of this source', example: 'workflow' })
  @MaxLength(40)
  @IsString()
  @IsOptional()
  source?: string;

  @ApiPropertyOptional({ maxLength: 100, description: 'Only those whose name holds this', example: 'search' })
  @MaxLength(100)
  @IsString()
  @IsOptional()
  q?: string;
}

export class ToolDto {
  @ApiProperty({ description: 'What it is called by, also by models', example: 'datetime_now' })
  name: string;

  @ApiProperty({ example: 'Get the current date and time, in a time zone.' })
  description: string;

  @ApiProperty({ description: '`builtin`, `workflow`, `agent`, `collection`, `mcp`, `openapi`', example: 'builtin' })
  source: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'JSON Schema of `input`', example: SCHEMA_EXAMPLE })
  input_schema: JsonObject;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'JSON Schema of `output`, where it is known',
    example: {},
  })
  output_schema: JsonObject | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'JSON Schema of what `tools[].config` of an agent, or `config` of a call, may set',
    example: null,
  })
  config_schema: JsonObject | null;

  @ApiProperty({ description: 'Whether its work is a run of its own', example: false })
  is_run: boolean;

  @ApiProperty({ description: 'Whether a call is made again when a crash left its outcome unknown', example: true })
  repeatable: boolean;
}

export class BuiltinToolDto {
  @ApiProperty({ example: 'datetime_now' })
  name: string;

  @ApiProperty({ example: 'Get the current date and time, in a time zone.' })
  description: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'JSON Schema of the arguments', example: SCHEMA_EXAMPLE })
  parameters: JsonObject;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: {} })
  output_schema: JsonObject | null;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: null })
  config_schema: JsonObject | null;
}

export class BuiltinToolsDto {
  @ApiProperty({ type: BuiltinToolDto, isArray: true })
  tools: BuiltinToolDto[];

  @ApiProperty({ type: 'integer', example: 20 })
  count: number;
}

export class ExecuteToolDto {
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    default: {},
    description: 'Fits the `input_schema` of the tool',
    example: { timezone: 'UTC' },
  })
  @IsObject()
  @IsOptional()
  input?: JsonObject;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    default: {},
    description: 'Settings of the tool, by its `config_schema`; texts may refer to secrets, `{{ secrets.NAME }}`',
    example: {},
  })
  @IsObject()
  @IsOptional()
  config?: JsonObject;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_TIMEOUT_MS,
    default: DEFAULT_TIMEOUT_MS,
    description: 'Limit of the call, milliseconds',
  })
  @Max(MAX_TIMEOUT_MS)
  @Min(1)
  @IsInt()
  @IsOptional()
  timeout_ms?: number;
}

export class ToolAnswerDto {
  @ApiProperty({ example: 'datetime_now' })
  tool: string;

  @ApiProperty({
    ...ANY_JSON,
    nullable: true,
    example: { datetime: '2030-01-01T12:00:00.000+00:00', timezone: 'UTC', unix_timestamp: 1893499200 },
  })
  output: Json;

  @ApiProperty({ type: 'integer', description: 'How long the call took, milliseconds', example: 3 })
  timing_ms: number;
}

export function toToolDto(tool: Tool): ToolDto {
  return {
    name: tool.name,
    description: tool.description,
    source: tool.type,
    input_schema: tool.inputSchema,
    output_schema: tool.outputSchema ?? null,
    config_schema: tool.configSchema ?? null,
    is_run: isRunTool(tool),
    repeatable: tool.repeatable !== false,
  };
}

export function toBuiltinToolDto(tool: Tool): BuiltinToolDto {
  return {
    name: tool.name,
    description: tool.description,
    parameters: tool.inputSchema,
    output_schema: tool.outputSchema ?? null,
    config_schema: tool.configSchema ?? null,
  };
}
