import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { JsonObject } from '../../engine/index.js';
import { decodeCursor, encodeCursor, isUuid } from '../../platform/http/cursor.js';
import { type Page, pageOf } from '../../platform/http/page.js';
import type { MemoryMessage, MemoryTurn } from './agent-memory.js';
import type { SessionKey } from './session-turns.js';
import { estimatedTokens, type StoredMessage } from './strategies.js';

/** A session as it is stored. */
export interface SessionRow {
  readonly id: string;
  readonly session: string;
  readonly subject: string | null;
  readonly summary: string | null;
  /** Position of the last message that the summary covers; 0 without one. */
  readonly summarized_to: number;
  readonly messages: number;
  readonly tokens: number;
  readonly created_at: Date;
  readonly used_at: Date;
  readonly expires_at: Date | null;
}

export interface MessageRow {
  readonly position: number;
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly metadata: JsonObject | null;
  readonly tokens: number;
  readonly run_id: string;
  readonly step: string;
  readonly created_at: Date;
}

interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
}

const COLUMNS = 'id, session, subject, summary, summarized_to, messages, tokens::float8 AS tokens, created_at, used_at, expires_at';
const MESSAGE_COLUMNS = 'position, role, content, metadata, tokens, run_id, step, created_at';
const LIVES = '(expires_at IS NULL OR expires_at > now())';
const OF_SESSION = 'tenant_id = $1 AND agent = $2 AND session = $3';

/** Conversations: what was said, in its order, and the summary of what is long ago. What has expired is not there. */
@Injectable()
export class SessionStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async find({ tenant, agent, session }: SessionKey, manager: EntityManager = this.dataSource.manager): Promise<SessionRow | null> {
    const [row] = await manager.query<SessionRow[]>(`SELECT ${COLUMNS} FROM memory_sessions WHERE ${OF_SESSION} AND ${LIVES}`, [
      tenant,
      agent,
      session,
    ]);
    return row ?? null;
  }

  /** Newest first. */
  async list<T>(
    tenant: string,
    agent: string,
    query: PageRequest & { readonly subject?: string },
    toDto: (row: SessionRow) => T,
  ): Promise<Page<T>> {
    const before = query.cursor === undefined ? null : decodeCursor(query.cursor, isUuid);
    const rows = await this.dataSource.query<SessionRow[]>(
      `SELECT ${COLUMNS} FROM memory_sessions WHERE tenant_id = $1 AND agent = $2 AND ${LIVES}
         AND ($3::uuid IS NULL OR id < $3) AND ($4::text IS NULL OR subject = $4) ORDER BY id DESC LIMIT ${query.limit + 1}`,
      [tenant, agent, before, query.subject ?? null],
    );
    return pageOf(rows, query.limit, toDto, (row) => encodeCursor(row.id));
  }

  /** In the order in which they were said. */
  async messages<T>(sessionId: string, query: PageRequest, toDto: (row: MessageRow) => T): Promise<Page<T>> {
    const after = query.cursor === undefined ? 0 : decodeCursor(query.cursor, isPosition);
    const rows = await this.dataSource.query<MessageRow[]>(
      `SELECT ${MESSAGE_COLUMNS} FROM memory_messages WHERE session_id = $1 AND position > $2 ORDER BY position LIMIT ${query.limit + 1}`,
      [sessionId, after],
    );
    return pageOf(rows, query.limit, toDto, (row) => encodeCursor(row.position));
  }

  /** The last `limit` messages after a position, in their order. */
  async newest(sessionId: string, after: number, limit: number): Promise<StoredMessage[]> {
    const rows = await this.dataSource.query<MessageRow[]>(
      `SELECT ${MESSAGE_COLUMNS} FROM memory_messages WHERE session_id = $1 AND position > $2 ORDER BY position DESC LIMIT $3`,
      [sessionId, after, limit],
    );
    return rows.toReversed().map(toStored);
  }

  /** Makes the session if there is none, or none that has not expired. Answers its subject. */
  async append(manager: EntityManager, turn: MemoryTurn, messages: readonly MemoryMessage[], ttl: number | undefined): Promise<void> {
    const { tenant, agent, session, subject = null } = turn;
    await manager.query(`DELETE FROM memory_sessions WHERE ${OF_SESSION} AND NOT ${LIVES}`, [tenant, agent, session]);
    const tokens = messages.map(({ content }) => estimatedTokens(content));
    const [row] = await manager.query<{ id: string; messages: number }[]>(
      `INSERT INTO memory_sessions AS s (id, tenant_id, agent, session, subject, messages, tokens, expires_at)
       VALUES ($4, $1, $2, $3, $5, $6, $7, now() + $8::double precision * interval '1 s')
       ON CONFLICT (tenant_id, agent, session) DO UPDATE SET subject = coalesce(s.subject, excluded.subject),
         messages = s.messages + excluded.messages, tokens = s.tokens + excluded.tokens, used_at = now(), expires_at = excluded.expires_at
       RETURNING id, messages`,
      [tenant, agent, session, uuidv7(), subject, messages.length, tokens.reduce((sum, each) => sum + each, 0), ttl ?? null],
    );
    if (row === undefined) throw new Error('a session was neither made nor found');
    const first = row.messages - messages.length + 1;
    const rows = messages.map(({ role, content, metadata }, index) => ({
      position: first + index,
      role,
      content: storable(content),
      metadata: metadata ?? null,
      tokens: tokens[index],
    }));
    await manager.query(
      `INSERT INTO memory_messages (session_id, tenant_id, run_id, step, position, role, content, metadata, tokens)
       SELECT $1, $2, $3, $4, m.position, m.role, m.content, m.metadata, m.tokens
       FROM json_to_recordset($5::json) AS m (position integer, role text, content text, metadata json, tokens integer)`,
      [row.id, tenant, turn.runId, turn.step, JSON.stringify(rows)],
    );
  }

  /** Keeps a summary, unless the session was erased since, or one covers as much already. */
  async summarize(sessionId: string, upTo: number, summary: string): Promise<void> {
    await this.dataSource.query('UPDATE memory_sessions SET summary = $3, summarized_to = $2 WHERE id = $1 AND summarized_to < $2', [
      sessionId,
      upTo,
      storable(summary),
    ]);
  }

  /** How many were deleted. */
  async deleteExpired(limit: number): Promise<number> {
    const [, count] = await this.dataSource.query<[unknown, number]>(
      `DELETE FROM memory_sessions WHERE id IN (
         SELECT id FROM memory_sessions WHERE expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [limit],
    );
    return count;
  }
}

/** What was said is kept as far as it can be: without NUL, which Postgres has not, and halves of characters replaced. */
export function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

function toStored({ position, role, content, metadata, tokens, run_id: run, step }: MessageRow): StoredMessage {
  return { position, role, content, ...(metadata === null ? {} : { metadata }), tokens, turn: `${run} ${step}` };
}

function isPosition(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31;
}
