import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional, IsString, Length } from 'class-validator';
import type { JsonObject } from '../../../engine/index.js';
import { PageQueryDto } from '../../../platform/http/page.js';
import type { Erased } from '../erasure.js';
import type { RemovedRuns } from '../runs-of-memory.js';
import type { MessageRow, SessionRow } from '../session.store.js';

const TIME_EXAMPLE = '2030-01-01T12:00:00.000Z';
const RUN_EXAMPLE = '0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b';

export class ListSessionsQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ minLength: 1, maxLength: 200, description: 'Only those about this subject', example: 'customer-17' })
  @IsString()
  @Length(1, 200)
  @IsOptional()
  subject?: string;
}

export class SessionSummaryDto {
  @ApiProperty({ example: 'alice-1' })
  session_id: string;

  @ApiProperty({ type: 'string', nullable: true, description: 'Whom the conversation is about', example: 'customer-17' })
  subject: string | null;

  @ApiProperty({ type: 'integer', description: 'How many messages it has', example: 12 })
  message_count: number;

  @ApiProperty({ type: 'integer', description: 'Of all messages, estimated', example: 840 })
  tokens: number;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;

  @ApiProperty({ type: 'string', format: 'date-time', description: 'When its last turn ended', example: TIME_EXAMPLE })
  used_at: string;

  @ApiProperty({
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'When it is forgotten unless it goes on',
    example: TIME_EXAMPLE,
  })
  expires_at: string | null;
}

export class SessionMessageDto {
  @ApiProperty({ type: 'integer', description: 'Place in the conversation, from 1 on', example: 1 })
  position: number;

  @ApiProperty({ enum: ['user', 'assistant'], example: 'user' })
  role: 'user' | 'assistant';

  @ApiProperty({ example: 'Where is my order?' })
  content: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'Such as the `tools` that were used',
    example: { tools: ['lookup'] },
  })
  metadata: JsonObject;

  @ApiProperty({ type: 'integer', description: 'Estimated', example: 5 })
  tokens: number;

  @ApiProperty({ format: 'uuid', description: 'The run that said it; it may be deleted by now', example: RUN_EXAMPLE })
  run_id: string;

  @ApiProperty({ description: 'The step of the run', example: 'agent' })
  step: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: TIME_EXAMPLE })
  created_at: string;
}

export class SessionDto extends SessionSummaryDto {
  @ApiProperty({ example: 'assistant' })
  agent: string;

  @ApiProperty({ type: 'string', nullable: true, description: 'Of its older messages', example: 'Alice asked about her order.' })
  summary: string | null;

  @ApiProperty({ type: 'integer', description: 'Position of the last message that the summary covers', example: 0 })
  summarized_to: number;

  @ApiProperty({ type: [SessionMessageDto], description: 'A page of them, in their order' })
  messages: SessionMessageDto[];

  @ApiProperty({ type: 'string', nullable: true, description: 'Where the next page of messages starts; null on the last' })
  next_cursor: string | null;
}

export class KeptRunDto {
  @ApiProperty({ type: 'string', format: 'uuid', example: RUN_EXAMPLE })
  run_id: string;

  @ApiProperty({ example: 'the run cannot be deleted now: a webhook has not been told of all its events' })
  reason: string;
}

export class EraseQueryDto {
  @ApiPropertyOptional({
    type: 'boolean',
    default: false,
    description: 'Cancel runs that are under way first; else they are a reason for 409',
  })
  @Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : (value as unknown)))
  @IsBoolean()
  @IsOptional()
  cancel?: boolean;
}

export class ErasedDto {
  @ApiProperty({ type: 'integer', example: 1 })
  sessions: number;

  @ApiProperty({ type: 'integer', example: 12 })
  messages: number;

  @ApiProperty({ type: 'integer', description: 'Of semantic memory: facts, and what was kept of turns', example: 3 })
  facts: number;

  @ApiProperty({ type: 'integer', description: 'Turns under way, which will leave nothing', example: 0 })
  turns_under_way: number;

  @ApiProperty({
    type: 'integer',
    description:
      'Runs that said what is erased, with their journals, events and artifacts; 10,000 at a time, so ask again as long as there are any',
    example: 6,
  })
  runs_removed: number;

  @ApiProperty({ type: [KeptRunDto], description: 'Runs that have to stay for now; ask again, or leave them to retention' })
  kept_runs: KeptRunDto[];
}

export function toSessionSummary(row: SessionRow): SessionSummaryDto {
  return {
    session_id: row.session,
    subject: row.subject,
    message_count: row.messages,
    tokens: row.tokens,
    created_at: row.created_at.toISOString(),
    used_at: row.used_at.toISOString(),
    expires_at: row.expires_at?.toISOString() ?? null,
  };
}

export function toMessage({ position, role, content, metadata, tokens, run_id, step, created_at }: MessageRow): SessionMessageDto {
  return { position, role, content, metadata: metadata ?? {}, tokens, run_id, step, created_at: created_at.toISOString() };
}

export function toErased({ sessions, messages, facts, turns }: Erased, { removed, kept }: RemovedRuns): ErasedDto {
  const keptRuns = kept.map(({ runId, reason }) => ({ run_id: runId, reason }));
  return { sessions, messages, facts, turns_under_way: turns, runs_removed: removed, kept_runs: keptRuns };
}
