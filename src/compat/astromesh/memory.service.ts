import { Injectable } from '@nestjs/common';
import { MemoryService } from '../../modules/memory/index.js';
import type { Principal } from '../../platform/http/permissions.js';
import { everyPage, orAbsent, orInstead } from '../kit/index.js';
import type { AstromeshSemanticDto } from './astromesh.dto.js';
import { agentNotFound } from './errors.js';

interface Message {
  readonly role: string;
  readonly content: string;
}

/** What agents remember, as Astromesh shows it. */
@Injectable()
export class AstromeshMemory {
  constructor(private readonly memory: MemoryService) {}

  /** A session that there is not has no messages. */
  async history(principal: Principal, agent: string, session: string, limit?: number): Promise<object> {
    await this.requireAgent(principal, agent);
    const all = (await orAbsent(this.messages(principal, agent, session))) ?? [];
    const messages = limit === undefined ? all : all.slice(-limit);
    return { agent, session_id: session, messages, history: messages, ...(limit === undefined ? {} : { limit }) };
  }

  /** A session that there is not is clear. With the history go the runs that said it, also one that is under way. */
  async clear(principal: Principal, agent: string, session: string): Promise<void> {
    await this.requireAgent(principal, agent);
    await orAbsent(this.memory.eraseSession(principal, agent, session, true));
  }

  async search(principal: Principal, agent: string, { query, top_k }: AstromeshSemanticDto, signal: AbortSignal): Promise<object> {
    const search = { query, top_k, score_threshold: -1 };
    const { results } = await orInstead(this.memory.search(principal, agent, search, signal), agentNotFound(agent));
    return { agent, query, top_k, results: results.map(({ text, score, metadata }) => ({ text, score, metadata })) };
  }

  private messages(principal: Principal, agent: string, session: string): Promise<Message[]> {
    return everyPage(async (page) => {
      const { messages, next_cursor } = await this.memory.getSession(principal, agent, session, page);
      return { data: messages.map(({ role, content }) => ({ role, content })), next_cursor };
    });
  }

  private async requireAgent(principal: Principal, agent: string): Promise<void> {
    await orInstead(this.memory.listSessions(principal, agent, { limit: 1 }), agentNotFound(agent));
  }
}
