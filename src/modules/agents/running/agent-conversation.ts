import type { RawData, WebSocket } from 'ws';
import { AppError } from '../../../platform/errors/app-error.js';
import type { UpgradeRequest } from '../../../platform/http/edge-ws.adapter.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { upgradeUrl } from '../../../platform/http/upgrade-url.js';
import { type DropReason, type FeedFrame, type FeedSink, WsSink } from '../../runs/index.js';
import type { AgentRunService } from './agent-run.service.js';

/** Questions that may wait on one connection while one is answered. */
const MAX_WAITING = 100;
const MAX_NAME = 200;

/** What is sent of a message in a conversation with this agent; null for nothing. */
type Translate = (agent: string, message: ConversationMessage) => object | null;

const UNTRANSLATED: Translate = (_, message) => message;

/** Whom a socket speaks to, and for whom. */
interface Address {
  readonly principal: Principal;
  readonly agent: string;
  /** A message may name another. */
  readonly session: string | null;
}

/** Messages to the client: `status`, `run`, `token`, `tool_call`, `tool_result`, `approval`, `done`, `error`. */
export interface ConversationMessage {
  readonly type: string;
  readonly [member: string]: unknown;
}

/**
 * Questions to an agent over one socket: each message `{query, session_id?}` is a run, one at a time in their order. Whatever goes
 * wrong with a question is told as `error`, and the connection stays. A client that leaves cancels the run under way.
 */
export class AgentConversation {
  private queue: Promise<void> = Promise.resolve();
  private waiting = 0;

  /** The agent is what follows the gateway's path; the query may name a session. */
  static open(service: AgentRunService, socket: WebSocket, request: UpgradeRequest, translate = UNTRANSLATED): void {
    const session = upgradeUrl(request.url).searchParams.get('session_id');
    const address = { principal: request.principal, agent: request.below ?? '', session: session === '' ? null : session };
    const conversation = new AgentConversation(service, new WsSink(socket), address, translate);
    socket.on('message', (data) => conversation.receive(data));
  }

  private constructor(
    private readonly service: AgentRunService,
    private readonly connection: FeedSink,
    private readonly address: Address,
    private readonly translate: Translate,
  ) {}

  private receive(data: RawData): void {
    const message = readMessage(data);
    if (message === null) return this.fail('bad_message', 'a message is a JSON object with a text `query`');
    if (this.waiting >= MAX_WAITING) return this.fail('too_many_messages', `more than ${MAX_WAITING} questions are waiting`);
    this.waiting += 1;
    this.queue = this.queue
      .then(() => this.answer(message))
      .finally(() => {
        this.waiting -= 1;
      });
  }

  /** Never rejects: a question that fails is told so. */
  private async answer({ session_id: said, ...question }: AgentMessage): Promise<void> {
    if (this.connection.closed) return;
    const { principal, agent, session } = this.address;
    try {
      this.send({ type: 'status', status: 'processing', agent });
      const chosen = said ?? session;
      const body = { ...question, ...(chosen === null ? {} : { session_id: chosen }) };
      const run = await this.service.start({ principal, name: agent, body });
      this.send({ type: 'run', run_id: run.id, session_id: run.inputs['session_id'] });
      const sink = new AnswerSink(this.connection, (message) => this.send(message));
      await this.service.follow(principal.tenant, run.id, sink);
      if (!sink.ended) await this.service.cancel(principal.tenant, run.id, 'the client left');
    } catch (error) {
      if (error instanceof AppError && error.status < 500) this.fail(error.code, error.detail, error.errors);
      else this.fail('internal_error', 'the question could not be answered');
    }
  }

  private fail(code: string, message: string, errors: readonly object[] = []): void {
    this.send({ type: 'error', code, message, ...(errors.length === 0 ? {} : { errors }) });
  }

  /** Whether the client keeps up. */
  private send(message: ConversationMessage): boolean {
    const data = this.translate(this.address.agent, message);
    return data === null || this.connection.send({ id: '', event: message.type, data });
  }
}

/** The end of one answer is not the end of the connection. */
class AnswerSink implements FeedSink {
  /** Whether the run was told to its end. */
  ended = false;
  readonly whenClosed: Promise<void>;
  private readonly settle: () => void;

  constructor(
    private readonly connection: FeedSink,
    private readonly say: (message: ConversationMessage) => boolean,
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.whenClosed = promise;
    this.settle = resolve;
    void connection.whenClosed.then(resolve);
  }

  get closed(): boolean {
    return this.ended || this.connection.closed;
  }

  send({ data }: FeedFrame): boolean {
    return this.say(data as ConversationMessage);
  }

  drained(): Promise<void> {
    return this.connection.drained();
  }

  end(): void {
    this.ended = true;
    this.settle();
  }

  drop(reason: DropReason): void {
    this.connection.drop(reason);
  }
}

interface AgentMessage {
  readonly query: string;
  readonly session_id?: string;
  readonly subject?: string;
  readonly context?: Record<string, never>;
  readonly model?: string;
}

function readMessage(data: RawData): AgentMessage | null {
  try {
    const text = Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data as ArrayBuffer).toString();
    const value = JSON.parse(text) as Partial<Record<keyof AgentMessage, unknown>> | null;
    if (typeof value !== 'object' || value === null || typeof value.query !== 'string' || value.query === '') return null;
    const { query, session_id: session, subject, context, model } = value;
    if ([session, subject].some((name) => typeof name === 'string' && name.length > MAX_NAME)) return null;
    return {
      query,
      ...(typeof session === 'string' && session !== '' ? { session_id: session } : {}),
      ...(typeof subject === 'string' && subject !== '' ? { subject } : {}),
      ...(typeof context === 'object' && context !== null ? { context: context as Record<string, never> } : {}),
      ...(typeof model === 'string' && model !== '' ? { model } : {}),
    };
  } catch {
    return null;
  }
}
