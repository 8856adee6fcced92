import type { IncomingMessage, Server } from 'node:http';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { v4 as uuid } from 'uuid';
import type { WebSocketServer } from 'ws';
import { AppError } from '../errors/app-error.js';
import { keyInHeaders } from './authenticator.js';
import { type Dialect, dialectFinder, pathWithin } from './dialect.js';
import type { EdgeOptions } from './edge.middleware.js';
import type { EndpointOptions } from './endpoint.decorator.js';
import { requireAccess } from './permission.guard.js';
import type { Principal } from './permissions.js';
import { upgradeUrl } from './upgrade-url.js';
import { PROBLEM_MEDIA_TYPE, toAppError, toProblem } from './problem.js';

/** What a gateway states: `@WebSocketGateway<EdgeGatewayOptions>({ path: '/api/v1/ws/events', access: 'events.read' })`. */
export interface EdgeGatewayOptions {
  readonly path: string;
  readonly access: EndpointOptions['access'];
  readonly maxPayload?: number;
  /** Everything below the path is this gateway's too: what follows it is the request's `below`. */
  readonly below?: true;
  /** A provider that is asked before the handshake is answered. */
  readonly prepare?: Type<UpgradePreparation>;
}

/** Does what must be done before a client sees its socket open. */
export interface UpgradePreparation {
  /** The caller may use the socket. What is thrown refuses the handshake. */
  prepareUpgrade(request: UpgradeRequest): Promise<void>;
}

/** The upgrade request as a gateway's `handleConnection(client, request)` gets it. */
export interface UpgradeRequest extends IncomingMessage {
  id: string;
  principal: Principal;
  /** What follows the gateway's path, decoded; see `EdgeGatewayOptions.below`. */
  below?: string;
}

type Refuse = (accepted: boolean, status?: number, body?: string, headers?: Record<string, string>) => void;

const BEARER_PROTOCOL = 'bearer';
const MAX_MESSAGE_BYTES = 1024 * 1024;
const GOING_AWAY = 1001;

/**
 * Lets a WebSocket in by the same rules as a request: a key in its headers, or, for browsers, which cannot set it, as
 * `Sec-WebSocket-Protocol: bearer, <key>`; a permission stated by the gateway (closed without one); the rate limit. Refusals are
 * problem answers to the handshake. Keys in the query are not taken: URLs end up in logs.
 */
export class EdgeWsAdapter extends WsAdapter {
  private readonly dialectOf: (url: string) => Dialect | undefined;

  constructor(
    private readonly app: INestApplicationContext,
    private readonly edge: EdgeOptions,
  ) {
    super(app);
    this.dialectOf = dialectFinder(edge.dialects ?? []);
  }

  override create(port: number, options: Record<string, unknown> = {}): WebSocketServer {
    if (options['below'] === true) this.takeBelow(String(options['path']));
    const { access, prepare } = options as Partial<EdgeGatewayOptions>;
    const server = super.create(port, {
      maxPayload: MAX_MESSAGE_BYTES,
      ...options,
      handleProtocols: (protocols: Set<string>) => (protocols.has(BEARER_PROTOCOL) ? BEARER_PROTOCOL : false),
      verifyClient: (info: { req: IncomingMessage }, answer: Refuse) => void this.verify(info.req, { access, prepare }, answer),
    }) as unknown as WebSocketServer;
    this.edge.drain.register(() => server.clients.forEach((client) => client.close(GOING_AWAY, 'the server is shutting down')));
    return server;
  }

  /** Gateways are found by their whole path: what is below one is asked for as that one, and told it apart. */
  private takeBelow(path: string): void {
    const server = this.httpServer as Server;
    server.prependListener('upgrade', (request: IncomingMessage) => {
      const { pathname, search } = upgradeUrl(request.url);
      if (!pathname.startsWith(`${path}/`)) return;
      (request as UpgradeRequest).below = decoded(pathname.slice(path.length + 1));
      request.url = `${path}${search}`;
    });
  }

  private async verify(request: IncomingMessage, { access, prepare }: Partial<EdgeGatewayOptions>, answer: Refuse): Promise<void> {
    const upgrade = request as UpgradeRequest;
    upgrade.id = uuid();
    try {
      await this.admit(upgrade, access);
      if (prepare !== undefined) await this.app.get(prepare, { strict: false }).prepareUpgrade(upgrade);
      answer(true);
    } catch (thrown) {
      const error = toAppError(thrown);
      const url = request.url ?? '/';
      const dialect = this.dialectOf(url);
      const refusal = dialect?.errorAnswer(error, pathWithin(dialect, url), upgrade.id) ?? {
        status: error.status,
        mediaType: PROBLEM_MEDIA_TYPE,
        body: toProblem(error, url, upgrade.id),
      };
      const headers: Record<string, string> = { 'Content-Type': refusal.mediaType, 'X-Request-Id': upgrade.id };
      if (error.status === 401) headers['WWW-Authenticate'] = 'Bearer realm="heddle"';
      if (error.retryAfterSeconds !== undefined) headers['Retry-After'] = String(error.retryAfterSeconds);
      answer(false, refusal.status, JSON.stringify(refusal.body), headers);
    }
  }

  private async admit(request: UpgradeRequest, access: EndpointOptions['access'] | undefined): Promise<void> {
    const { authenticator, limiter, anonymousRateLimit, drain } = this.edge;
    if (drain.draining) throw new AppError(503, 'draining', 'the server is shutting down', { retryAfterSeconds: 5 });
    const token = handshakeToken(request, this.dialectOf(request.url ?? '/'));
    const principal =
      token === undefined ? authenticator.anonymous : ((token === null ? null : await authenticator.authenticate(token)) ?? undefined);
    const caller = principal?.keyId ?? `address:${request.socket.remoteAddress ?? ''}`;
    const rate = limiter.take(caller, principal?.rateLimit ?? anonymousRateLimit);
    if (!rate.allowed)
      throw new AppError(429, 'rate_limited', `more than ${rate.limit} requests within a minute`, {
        retryAfterSeconds: rate.retryAfterSeconds,
      });
    if (access === undefined || access === 'public')
      throw new AppError(403, 'forbidden', 'this socket states no access rule and is closed');
    requireAccess(access, principal, token !== undefined);
    request.principal = principal;
  }
}

/** Undefined without credentials, null when they make no sense. */
function handshakeToken({ headers }: IncomingMessage, dialect: Dialect | undefined): string | null | undefined {
  const inHeaders = keyInHeaders(headers, dialect);
  if (inHeaders !== undefined) return inHeaders;
  const [first, token] = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
  return first === BEARER_PROTOCOL ? (token ?? null) : undefined;
}

/** Text that is no valid encoding names nothing. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
