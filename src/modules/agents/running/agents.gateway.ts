import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { RawData, WebSocket } from 'ws';
import { AppError } from '../../../platform/errors/app-error.js';
import type { EdgeGatewayOptions, UpgradeRequest } from '../../../platform/http/edge-ws.adapter.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { type DropReason, type FeedFrame, type FeedSink, WsSink } from '../../runs/index.js';
import { AgentRunService } from './agent-run.service.js';

/** Questions that may wait on one connection while one is answered. */
const MAX_WAITING = 100;
const MAX_NAME = 200;

/**
 * `/ws/agents/{name}`: each message `{query, session_id?}` is a run; its tokens, calls of tools and end come as messages. One
 * question is answered at a time. A client that leaves cancels the run under way.
 */
@WebSocketGateway<EdgeGatewayOptions>({ path: '/api/v1/ws/agents', below: true, access: 'runs.create' })
export class AgentsGateway implements OnGatewayConnection {
  constructor(private readonly service: AgentRunService) {}

  handleConnection(socket: WebSocket, request: UpgradeRequest): void {
    const name = request.below ?? '';
    const session = new URL(request.url ?? '/', 'ws://heddle').searchParams.get('session_id');
    const conversation = new AgentConversation(this.service, socket, request.principal, name, session === '' ? null : session);
    socket.on('message', (data) => conversation.receive(data));
  }
}

/** One connection. */
class AgentConversation {
  private queue: Promise<void> = Promise.resolve();
  private waiting = 0;
  private readonly connection: WsSink;

  constructor(
    private readonly service: AgentRunService,
    private readonly socket: WebSocket,
    private readonly principal: Principal,
    private readonly name: string,
    /** Of the address; a message may name another. */
    private readonly session: string | null,
  ) {
    this.connection = new WsSink(socket);
  }

  receive(data: RawData): void {
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

  /** Never rejects: a question that fails is told so, and the connection stays. */
  private async answer({ query, session_id: session, ...rest }: AgentMessage): Promise<void> {
    if (this.socket.readyState !== this.socket.OPEN) return;
    try {
      this.send({ type: 'status', status: 'processing', agent: this.name });
      const chosen = session ?? this.session;
      const body = { query, ...(chosen === null ? {} : { session_id: chosen }), ...rest };
      const run = await this.service.start({ principal: this.principal, name: this.name, body });
      this.send({ type: 'run', run_id: run.id, session_id: run.inputs['session_id'] });
      const sink = new AnswerSink(this.connection);
      await this.service.follow(this.principal.tenant, run.id, sink);
      if (!sink.ended) await this.service.cancel(this.principal.tenant, run.id, 'the client left');
    } catch (error) {
      if (error instanceof AppError && error.status < 500) this.fail(error.code, error.detail, error.errors);
      else this.fail('internal_error', 'the question could not be answered');
    }
  }

  private fail(code: string, message: string, errors: readonly object[] = []): void {
    this.send({ type: 'error', code, message, ...(errors.length === 0 ? {} : { errors }) });
  }

  private send(message: object): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(JSON.stringify(message));
  }
}

/** The end of one answer is not the end of the connection. */
class AnswerSink implements FeedSink {
  /** Whether the run was told to its end. */
  ended = false;
  readonly whenClosed: Promise<void>;
  private readonly settle: () => void;

  constructor(private readonly connection: FeedSink) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.whenClosed = promise;
    this.settle = resolve;
    void connection.whenClosed.then(resolve);
  }

  get closed(): boolean {
    return this.ended || this.connection.closed;
  }

  send(frame: FeedFrame): boolean {
    return this.connection.send(frame);
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
