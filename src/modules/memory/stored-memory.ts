import { Injectable } from '@nestjs/common';
import { StepError } from '../../engine/index.js';
import { findForbidden } from '../../platform/http/json-text.js';
import {
  AgentMemory,
  type DueSummary,
  type MemoryMessage,
  type MemorySettings,
  type MemoryTurn,
  type RememberedContext,
} from './agent-memory.js';
import { EntryStore } from './entry.store.js';
import { metadataOf, SemanticMemory } from './semantic-memory.js';
import { SessionStore, type SessionRow } from './session.store.js';
import { SessionTurns } from './session-turns.js';
import { chosen, dueForSummary, isEnough, messagesToRead, type StoredMessage, usesSummary } from './strategies.js';

/** The memory of agents in the database. */
@Injectable()
export class StoredMemory extends AgentMemory {
  constructor(
    private readonly turns: SessionTurns,
    private readonly sessions: SessionStore,
    private readonly entries: EntryStore,
    private readonly semantic: SemanticMemory,
  ) {
    super();
  }

  async begin(turn: MemoryTurn): Promise<boolean> {
    if (findForbidden([turn.session, turn.subject ?? null]).length > 0) {
      throw new StepError('unstorable_text', 'the names of a session and of a subject hold neither NUL nor halves of surrogate pairs', {
        retryable: false,
      });
    }
    return this.turns.begin(turn);
  }

  async load(turn: MemoryTurn, settings: MemorySettings, query: string): Promise<RememberedContext> {
    const session = await this.sessions.find(turn);
    const messages = await this.chosenMessages(session, settings);
    const shown = new Set(messages.map((message) => message.turn));
    const subject = turn.subject ?? session?.subject ?? null;
    const recalled = settings.semantic === undefined ? [] : await this.semantic.recall(turn, settings.semantic, query, subject, shown);
    return {
      messages: messages.map(told),
      summary: settings.conversational !== undefined && usesSummary(settings.conversational) ? (session?.summary ?? null) : null,
      recalled: recalled.map((entry) => ({ text: entry.text, score: entry.score, metadata: metadataOf(entry) })),
    };
  }

  async finish(turn: MemoryTurn, settings: MemorySettings, messages: readonly MemoryMessage[]): Promise<void> {
    const { conversational, semantic } = settings;
    const subject = turn.subject ?? (await this.sessions.find(turn))?.subject ?? null;
    // Models are asked before the session is locked.
    const entries = semantic === undefined ? [] : await this.semantic.entriesOf(turn, semantic, messages, subject);
    await this.turns.finish(turn, async (manager) => {
      if (conversational !== undefined) await this.sessions.append(manager, turn, messages, conversational.ttl);
      await this.entries.insert(turn.tenant, turn.agent, entries, manager);
    });
  }

  abandon(turn: MemoryTurn): Promise<void> {
    return this.turns.abandon(turn);
  }

  async summaryDue(turn: MemoryTurn, { conversational }: MemorySettings): Promise<DueSummary | null> {
    if (conversational === undefined || !usesSummary(conversational)) return null;
    const session = await this.sessions.find(turn);
    if (session === null) return null;
    const due = dueForSummary(conversational, await this.sessions.newest(session.id, session.summarized_to, session.messages));
    const last = due.at(-1);
    return last === undefined ? null : { upTo: `${session.id}:${last.position}`, previous: session.summary, messages: due.map(told) };
  }

  async storeSummary(_turn: MemoryTurn, { upTo }: Pick<DueSummary, 'upTo'>, summary: string): Promise<void> {
    const [sessionId = '', position] = upTo.split(':');
    await this.sessions.summarize(sessionId, Number(position), summary);
  }

  private async chosenMessages(session: SessionRow | null, { conversational }: MemorySettings): Promise<StoredMessage[]> {
    if (session === null || conversational === undefined) return [];
    const after = usesSummary(conversational) ? session.summarized_to : 0;
    for (let limit = messagesToRead(conversational); ; limit *= 4) {
      const messages = await this.sessions.newest(session.id, after, limit);
      if (messages.length < limit || isEnough(conversational, messages)) return chosen(conversational, messages);
    }
  }
}

function told({ role, content, metadata }: StoredMessage): MemoryMessage {
  return { role, content, ...(metadata === undefined ? {} : { metadata }) };
}
