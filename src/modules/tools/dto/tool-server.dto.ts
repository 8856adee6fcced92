import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import type { Json } from '../../../engine/index.js';
import { type OfferedTools, TOOL_SERVER_KINDS, type ToolServer, type ToolServerKind } from '../servers/tool-server.js';
import { toolName } from '../sources/tool-names.js';

const TIME_EXAMPLE = '2030-01-01T12:00:00.000Z';
const TEXTS = { type: 'object', additionalProperties: { type: 'string' } } as const;
const NAME = '^[a-z][a-z0-9-]{0,31}$';

export class CreateToolServerDto {
  @ApiProperty({ pattern: NAME, description: 'Its tools are called `<name>_<tool>`', example: 'weather' })
  @Matches(new RegExp(NAME))
  @IsString()
  name: string;

  @ApiPropertyOptional({
    enum: TOOL_SERVER_KINDS,
    default: 'http',
    description:
      '`http`: an MCP server over streamable HTTP. `stdio`: an MCP server that is a process here; only where HEDDLE_SHELL=all allows it. `openapi`: a document whose operations become tools.',
  })
  @IsIn(TOOL_SERVER_KINDS)
  @IsOptional()
  kind?: ToolServerKind;

  @ApiPropertyOptional({ maxLength: 500, example: 'Forecasts' })
  @MaxLength(500)
  @IsString()
  @IsOptional()
  description?: string;

  @ApiPropertyOptional({
    maxLength: 2_000,
    description: '`http`: the endpoint. `openapi`: where the document is, unless it is given',
    example: 'https://mcp.example.com/mcp',
  })
  @MaxLength(2_000)
  @MinLength(1)
  @IsString()
  @IsOptional()
  url?: string;

  @ApiPropertyOptional({
    ...TEXTS,
    description:
      'Sent with every request. Texts may refer to secrets, `Bearer {{ secrets.NAME }}`; what looks like a key has to, unless HEDDLE_SECRET_KEY is set',
    example: { authorization: 'Bearer {{ secrets.WEATHER }}' },
  })
  @IsObject()
  @IsOptional()
  headers?: Record<string, string>;

  @ApiPropertyOptional({ maxLength: 1_000, description: '`stdio`: the program', example: 'npx' })
  @MaxLength(1_000)
  @MinLength(1)
  @IsString()
  @IsOptional()
  command?: string;

  @ApiPropertyOptional({
    type: 'string',
    isArray: true,
    maxItems: 100,
    description: '`stdio`: its arguments',
    example: ['-y', 'some-mcp-server'],
  })
  @MaxLength(4_000, { each: true })
  @IsString({ each: true })
  @ArrayMaxSize(100)
  @IsArray()
  @IsOptional()
  args?: string[];

  @ApiPropertyOptional({ ...TEXTS, description: '`stdio`: its environment, beside PATH; as for `headers`', example: {} })
  @IsObject()
  @IsOptional()
  env?: Record<string, string>;

  @ApiPropertyOptional({
    oneOf: [{ type: 'object', additionalProperties: true }, { type: 'string' }],
    description: '`openapi`: the document, as JSON or as text (JSON or YAML)',
    example: { openapi: '3.1.0', paths: {} },
  })
  @IsOptional()
  document?: Json;

  @ApiPropertyOptional({
    maxLength: 2_000,
    description: '`openapi`: where the operations are; by default what the document says first',
    example: 'https://api.example.com/v1',
  })
  @MaxLength(2_000)
  @MinLength(1)
  @IsString()
  @IsOptional()
  base_url?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 100, maximum: 900_000, default: 60_000, description: 'Limit of one call, milliseconds' })
  @Max(900_000)
  @Min(100)
  @IsInt()
  @IsOptional()
  timeout_ms?: number;
}

export class ToolServerHealthDto {
  @ApiProperty({ enum: ['ok', 'failing'], example: 'ok' })
  status: 'ok' | 'failing';

  @ApiProperty({ type: 'string', nullable: true, example: null })
  error: string | null;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  checked_at: string;

  @ApiProperty({ type: 'string', nullable: true, description: 'Revision of MCP that is spoken', example: '2026-07-28' })
  protocol_version: string | null;

  @ApiProperty({
    enum: ['sessions', 'stateless'],
    nullable: true,
    description: 'Whether it is spoken in sessions or, from 2026-07-28 on, without',
    example: 'stateless',
  })
  era: 'sessions' | 'stateless' | null;
}

export class ToolServerToolDto {
  @ApiProperty({ description: 'What it is called by here', example: 'weather_forecast' })
  name: string;

  @ApiProperty({ example: 'The weather of the next days' })
  description: string;
}

export class ToolServerDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c' })
  id: string;

  @ApiProperty({ example: 'weather' })
  name: string;

  @ApiProperty({ enum: TOOL_SERVER_KINDS, example: 'http' })
  kind: ToolServerKind;

  @ApiProperty({ type: 'string', nullable: true, example: 'Forecasts' })
  description: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: 'https://mcp.example.com/mcp' })
  url: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: null })
  command: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: null })
  base_url: string | null;

  @ApiProperty({ type: 'string', isArray: true, description: 'Their names; values are in no answer', example: ['authorization'] })
  headers: string[];

  @ApiProperty({ type: 'integer', example: 60_000 })
  timeout_ms: number;

  @ApiProperty({ type: ToolServerHealthDto, description: 'As this node found it last' })
  health: ToolServerHealthDto;

  @ApiProperty({ type: ToolServerToolDto, isArray: true })
  tools: ToolServerToolDto[];

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;
}

export function toToolServerDto(server: ToolServer, { tools, health }: OfferedTools): ToolServerDto {
  const { settings } = server;
  return {
    id: server.id,
    name: server.name,
    kind: server.kind,
    description: server.description,
    url: settings.url ?? null,
    command: settings.command ?? null,
    base_url: settings.base_url ?? null,
    headers: Object.keys(server.headers),
    timeout_ms: settings.timeout_ms,
    health: {
      status: health.status,
      error: health.error,
      checked_at: health.checkedAt.toISOString(),
      protocol_version: health.protocolVersion,
      era: health.era,
    },
    tools: tools.map(({ name, description }) => ({ name: toolName(server.name, name), description })),
    created_at: server.createdAt.toISOString(),
  };
}
