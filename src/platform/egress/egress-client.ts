import { lookup } from 'node:dns/promises';
import { Readable } from 'node:stream';
import { request as dispatchRequest, type Agent, type Dispatcher } from 'undici';
import { decodedBody, tooLarge } from './body-stream.js';
import { Deadline } from './deadline.js';
import { egressError, toEgressError } from './egress.errors.js';
import type { EgressPolicy } from './egress-policy.js';
import type { EgressRequest, EgressResponse, EgressStream, Resolve } from './egress.types.js';
import { guardedAgent } from './guarded-agent.js';
import { nextHop } from './redirect.js';
import { firstHop, type Hop } from './request-line.js';

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_RESPONSE_BYTES = 16 * 1024 * 1024;
const DEFAULT_MAX_REDIRECTS = 10;

type Answer = Dispatcher.ResponseData;

/**
 * The one way out of the process for HTTP that definitions, agents and tenants steer. Refuses addresses the policy does not
 * permit, after name resolution and on every redirect; bounds size, time and redirects; ignores proxy variables. Fails with
 * `StepError`s (`EgressErrorCode`); any HTTP status is an answer, not a failure.
 */
export class EgressClient {
  private readonly agent: Agent;

  constructor(policy: EgressPolicy, resolve: Resolve = systemLookup) {
    this.agent = guardedAgent(policy, resolve);
  }

  /** Sends a request and reads the whole answer. */
  async request(request: EgressRequest): Promise<EgressResponse> {
    const { body, ...answer } = await this.stream(request);
    const chunks: Buffer[] = [];
    for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
    return { ...answer, body: Buffer.concat(chunks) };
  }

  /** Sends a request and returns once the answer's headers are there. The limits go on applying while the body is read. */
  async stream(request: EgressRequest): Promise<EgressStream> {
    const first = firstHop(request);
    const deadline = new Deadline(request.timeoutMs ?? DEFAULT_TIMEOUT_MS, request.signal);
    try {
      const { answer, hop } = await this.follow(first, request, deadline);
      return open(answer, hop, request.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES, deadline);
    } catch (error) {
      deadline.end();
      throw error;
    }
  }

  /** Breaks off what is in flight and closes all connections. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async follow(first: Hop, request: EgressRequest, deadline: Deadline): Promise<{ answer: Answer; hop: Hop }> {
    const limit = request.followRedirects === false ? 0 : (request.maxRedirects ?? DEFAULT_MAX_REDIRECTS);
    let hop = first;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.send(hop, deadline.signal);
      if (request.followRedirects === false) return { answer, hop };
      const next = nextOrDestroy(hop, answer);
      if (next === null) return { answer, hop };
      answer.body.on('error', () => {}).destroy();
      if (redirects >= limit) throw egressError('too_many_redirects', `${first.url.host} redirects more than ${limit} times`);
      hop = next;
    }
  }

  private async send(hop: Hop, signal: AbortSignal): Promise<Answer> {
    try {
      signal.throwIfAborted();
      return await dispatchRequest(hop.url, {
        dispatcher: this.agent,
        method: hop.method,
        headers: hop.headers,
        body: hop.body ?? null,
        signal,
      });
    } catch (error) {
      throw failure(error, hop, signal);
    }
  }
}

function nextOrDestroy(hop: Hop, answer: Answer): Hop | null {
  try {
    return nextHop(hop, answer.statusCode, single(answer.headers['location']));
  } catch (error) {
    answer.body.on('error', () => {}).destroy();
    throw error;
  }
}

function open(answer: Answer, hop: Hop, limit: number, deadline: Deadline): EgressStream {
  const raw = answer.body.on('error', () => {});
  try {
    const body = Readable.from(explained(bodyOf(answer, hop, limit), hop, deadline.signal), { objectMode: false });
    body.once('close', () => {
      deadline.end();
      raw.destroy();
    });
    return { status: answer.statusCode, headers: joinedHeaders(answer.headers), url: hop.url.href, body };
  } catch (error) {
    raw.destroy();
    throw error;
  }
}

function bodyOf(answer: Answer, hop: Hop, limit: number): Readable {
  const bodiless = hop.method === 'HEAD' || answer.statusCode === 204 || answer.statusCode === 304;
  const announced = Number(single(answer.headers['content-length']));
  if (!bodiless && announced > limit) throw tooLarge(limit);
  return decodedBody(answer.body, bodiless ? undefined : joined(answer.headers['content-encoding']), limit);
}

async function* explained(body: Readable, hop: Hop, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* body as AsyncIterable<Buffer>;
  } catch (error) {
    throw failure(error, hop, signal);
  }
}

/** What really went wrong: whatever an abort breaks, its reason is the cause. */
function failure(error: unknown, hop: Hop, signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : toEgressError(error, hop.url.host);
}

function joinedHeaders(headers: Answer['headers']): Record<string, string | string[]> {
  const entries = Object.entries(headers).map(([name, value]): [string, string | string[]] => {
    const key = name.toLowerCase();
    return [key, key === 'set-cookie' ? [value ?? []].flat() : (joined(value) ?? '')];
  });
  return Object.fromEntries(entries);
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

async function systemLookup(hostname: string): ReturnType<Resolve> {
  return lookup(hostname, { all: true });
}
