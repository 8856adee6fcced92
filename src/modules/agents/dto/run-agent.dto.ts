import { ApiExtraModels, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import type { Json, JsonObject } from '../../../engine/index.js';
import { ANY_JSON } from '../../runs/index.js';

const MAX_QUERY = 1_000_000;

export class RunAgentDto {
  @ApiProperty({ minLength: 1, maxLength: MAX_QUERY, description: 'What is asked', example: 'Where is my order?' })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_QUERY)
  query: string;

  @ApiPropertyOptional({
    type: 'string',
    maxLength: 200,
    description: 'The conversation that this is a turn of; a new one, if not said',
    example: 'alice-1',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  @IsOptional()
  session_id?: string;

  @ApiPropertyOptional({
    type: 'string',
    maxLength: 200,
    description: 'Whom the conversation is about: nothing of another subject is recalled, and all of a subject can be erased',
    example: 'customer-17',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  @IsOptional()
  subject?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'Values for the instructions',
    example: { user: 'Alice' },
  })
  @IsObject()
  @IsOptional()
  context?: JsonObject;

  @ApiPropertyOptional({
    type: 'string',
    maxLength: 200,
    description: 'A model to ask instead of the one that routing chooses',
    example: 'openai/gpt-4.1',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  @IsOptional()
  model?: string;

  @ApiPropertyOptional({ type: 'string', maxLength: 200_000, description: 'Instructions instead of the agent’s own, for this run' })
  @IsString()
  @MinLength(1)
  @MaxLength(200_000)
  @IsOptional()
  instructions?: string;
}

export class AgentUsageDto {
  @ApiProperty({ type: 'integer', example: 120 })
  input_tokens: number;

  @ApiProperty({ type: 'integer', example: 40 })
  output_tokens: number;

  @ApiProperty({ type: 'integer', example: 160 })
  total_tokens: number;

  @ApiProperty({ type: 'number', nullable: true, description: 'US dollars; null when the price of a model is not known', example: 0.0004 })
  cost_usd: number | null;
}

export class AgentModelUsageDto extends AgentUsageDto {
  @ApiProperty({ example: 'openai' })
  provider: string;

  @ApiProperty({ example: 'gpt-4.1-mini' })
  model: string;

  @ApiProperty({ description: 'What it was asked for, as patterns name it', example: 'reasoner' })
  role: string;

  @ApiProperty({ type: 'integer', description: 'Failed ones too', example: 2 })
  calls: number;
}

export class AgentTimingDto {
  @ApiProperty({ type: 'number', example: 850 })
  total_ms: number;

  @ApiProperty({ type: 'number', example: 800 })
  model_ms: number;

  @ApiProperty({ type: 'number', example: 20 })
  tool_ms: number;
}

export class AgentToolCallDto {
  @ApiProperty({ example: 'lookup' })
  tool: string;

  @ApiProperty({ ...ANY_JSON, description: 'As it was executed', example: { id: 7 } })
  input: Json;

  @ApiProperty({ ...ANY_JSON, example: { status: 'sent' } })
  output: Json;

  @ApiPropertyOptional({ type: 'boolean', description: 'Whether it failed' })
  is_error?: boolean;
}

@ApiExtraModels(AgentUsageDto, AgentModelUsageDto, AgentTimingDto, AgentToolCallDto)
export class AgentAnswerDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: '0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b' })
  run_id: string;

  @ApiProperty({ example: 'It was sent yesterday.' })
  response: string;

  @ApiPropertyOptional({ nullable: true, ...ANY_JSON, description: 'With an `output_schema`: the answer, which fits it' })
  data?: Json;

  @ApiProperty({ type: 'string', nullable: true, example: 'alice-1' })
  session_id: string | null;

  @ApiProperty({ type: [AgentToolCallDto] })
  tool_calls: AgentToolCallDto[];

  @ApiProperty({ type: () => AgentUsageDto })
  usage: AgentUsageDto;

  @ApiProperty({ type: [AgentModelUsageDto], description: 'Of its own calls, by model and role' })
  usage_by_model: AgentModelUsageDto[];

  @ApiProperty({ type: () => AgentTimingDto })
  timing: AgentTimingDto;

  @ApiProperty({ type: 'string', nullable: true, description: 'Who answered last', example: 'openai/gpt-4.1-mini' })
  model: string | null;

  @ApiProperty({ type: 'string', nullable: true, example: 'openai' })
  provider: string | null;

  @ApiProperty({ type: 'integer', description: 'Calls of models', example: 2 })
  turns: number;

  @ApiProperty({ description: '`completed`; anything else is a problem answer', example: 'completed' })
  stop_reason: string;

  @ApiPropertyOptional({ type: 'string', description: 'With the pattern `swarm`: the agent that answered' })
  final_agent?: string;

  @ApiProperty({
    type: 'object',
    properties: { name: { type: 'string' }, version: { type: 'integer' } },
    example: { name: 'assistant', version: 1 },
  } as never)
  agent: { name: string; version: number };
}
