import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { StepError } from '../../engine/index.js';
import { AppError, NotFoundError } from '../../platform/errors/app-error.js';
import type { Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import {
  type FactDto,
  type ListFactsQueryDto,
  type NewFactDto,
  type SearchMemoryQueryDto,
  type SearchMemoryResultDto,
  toFact,
  toRemembered,
} from './dto/fact.dto.js';
import {
  type ErasedDto,
  type ListSessionsQueryDto,
  type SessionDto,
  type SessionSummaryDto,
  toErased,
  toMessage,
  toSessionSummary,
} from './dto/session.dto.js';
import { EntryStore } from './entry.store.js';
import { Erasure } from './erasure.js';
import type { MemoryEmbedding } from './memory-model.js';
import type { Part } from './parts.js';
import { RunsOfMemory } from './runs-of-memory.js';
import { type Remembering, SemanticMemory } from './semantic-memory.js';
import { SessionStore } from './session.store.js';

/** What the agents of the caller's tenant remember. */
@Injectable()
export class MemoryService {
  constructor(
    private readonly sessions: SessionStore,
    private readonly entries: EntryStore,
    private readonly semantic: SemanticMemory,
    private readonly erasure: Erasure,
    private readonly runs: RunsOfMemory,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  async listSessions({ tenant }: Principal, ref: string, query: ListSessionsQueryDto): Promise<Page<SessionSummaryDto>> {
    return this.sessions.list(tenant, await this.agent(tenant, ref), query, toSessionSummary);
  }

  async getSession({ tenant }: Principal, ref: string, session: string, query: PageQueryDto): Promise<SessionDto> {
    const agent = await this.agent(tenant, ref);
    const row = await this.sessions.find({ tenant, agent, session });
    if (row === null) throw new NotFoundError('session');
    const { data, next_cursor } = await this.sessions.messages(row.id, query, toMessage);
    return {
      agent,
      ...toSessionSummary(row),
      summary: row.summary,
      summarized_to: row.summarized_to,
      messages: data,
      next_cursor,
    };
  }

  /** Throws 409 `runs_under_way`, unless runs that are under way are to be cancelled. */
  async eraseSession(principal: Principal, ref: string, session: string, cancel = false): Promise<ErasedDto> {
    const erased = await this.erase(principal, ref, { session }, cancel);
    if (erased.sessions + erased.facts + erased.turns_under_way + erased.runs_removed + erased.kept_runs.length === 0) {
      throw new NotFoundError('session');
    }
    return erased;
  }

  eraseSubject(principal: Principal, ref: string, subject: string, cancel = false): Promise<ErasedDto> {
    return this.erase(principal, ref, { subject }, cancel);
  }

  eraseAgent(principal: Principal, ref: string, cancel = false): Promise<ErasedDto> {
    return this.erase(principal, ref, 'all', cancel);
  }

  async addFact(
    { tenant }: Principal,
    ref: string,
    body: NewFactDto,
    reservedId: string | undefined,
    signal: AbortSignal,
  ): Promise<FactDto> {
    const remembering = await this.remembering(tenant, ref);
    const { agent } = remembering;
    const { text, subject = null, metadata = {}, ttl } = body;
    const id = reservedId ?? uuidv7();
    await this.asking(() => this.semantic.storeFact(remembering, { id, text, subject, metadata, ttl }, signal));
    const stored = await this.entries.find(tenant, agent, id);
    if (stored === null) throw new NotFoundError('fact');
    return toFact(stored);
  }

  async listFacts({ tenant }: Principal, ref: string, query: ListFactsQueryDto): Promise<Page<FactDto>> {
    return this.entries.list(tenant, await this.agent(tenant, ref), query, toFact);
  }

  async deleteFact({ tenant }: Principal, ref: string, id: string): Promise<void> {
    if (!(await this.entries.delete(tenant, await this.agent(tenant, ref), id))) throw new NotFoundError('fact');
  }

  async search({ tenant }: Principal, ref: string, query: SearchMemoryQueryDto, signal: AbortSignal): Promise<SearchMemoryResultDto> {
    const { query: text, top_k: limit, score_threshold: threshold, subject } = query;
    const whose = subject === undefined ? null : { subject, nobodys: false };
    const remembering = await this.remembering(tenant, ref);
    const found = await this.asking(() => this.semantic.search(remembering, { query: text, whose }, { limit, threshold }, signal));
    return { results: found.map(toRemembered) };
  }

  /** The name of an agent that is there, or was: memory outlives it. Throws 404. */
  private async agent(tenant: string, ref: string): Promise<string> {
    return (await this.remembering(tenant, ref)).agent;
  }

  /** The same, with the model that its latest version embeds by. */
  private async remembering(tenant: string, ref: string): Promise<Remembering> {
    const [row] = await this.dataSource.query<{ name: string; embedding: MemoryEmbedding | null }[]>(
      `SELECT w.name, v.definition #> '{agent,memory,semantic,embedding}' AS embedding
       FROM workflows w LEFT JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = w.latest_version
       WHERE w.tenant_id = $1 AND w.kind = 'agent' AND (w.name = $2 OR w.id::text = $2) ORDER BY w.id DESC LIMIT 1`,
      [tenant, ref],
    );
    if (row === undefined) throw new NotFoundError('agent');
    return { tenant, agent: row.name, embedding: row.embedding ?? undefined };
  }

  private async erase(principal: Principal, ref: string, part: Part, cancel: boolean): Promise<ErasedDto> {
    const { tenant } = principal;
    const agent = await this.agent(tenant, ref);
    const runs = await this.runs.ended(principal, agent, part, cancel);
    const erased = await this.erasure.erase(tenant, agent, part);
    return toErased(erased, await this.runs.remove(tenant, runs));
  }

  private async asking<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      throw new AppError(error.retryable ? 503 : 502, error.code, error.message, { cause: error, logLevel: 'warn' });
    }
  }
}
