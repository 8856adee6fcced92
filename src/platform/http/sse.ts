import type { ServerResponse } from 'node:http';
import type { EdgeRequest } from './edge-request.js';

export interface SseEvent {
  readonly id?: string | number;
  readonly event?: string;
  /** Sent as one line of JSON. */
  readonly data: unknown;
}

export interface SseLimits {
  readonly heartbeatMs: number;
  /** What may wait in the socket before the reader counts as slow. */
  readonly bufferBytes: number;
  /** How long a reader may stay slow. */
  readonly slowMs: number;
}

const LIMITS: SseLimits = { heartbeatMs: 15_000, bufferBytes: 1024 * 1024, slowMs: 10_000 };
/** A writer that does not wait for `ready()` ends a slow stream at this multiple of the buffer, whatever the time. */
const HARD_LIMIT_FACTOR = 8;

/**
 * A server-sent event stream with a heartbeat and a bound on what may pile up for a slow reader. A writer that can pause waits
 * for `ready()` whenever `send()` says false; then nothing piles up at all, and a reader that never catches up is dropped.
 */
export class SseStream {
  private readonly aborter = new AbortController();
  private readonly heartbeat: NodeJS.Timeout;
  private slowTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly limits: SseLimits = LIMITS,
  ) {
    this.heartbeat = setInterval(() => this.write(':\n\n'), limits.heartbeatMs);
    response.on('close', () => this.finish());
    response.on('error', () => this.finish());
    response.on('drain', () => this.caughtUp());
  }

  /** Fires when the client is gone or the stream was closed from here. */
  get signal(): AbortSignal {
    return this.aborter.signal;
  }

  get closed(): boolean {
    return this.aborter.signal.aborted;
  }

  /** Writes an event; false when the reader is behind and the writer should wait for `ready()`. */
  send({ id, event, data }: SseEvent): boolean {
    const head = `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}`;
    return this.write(`${head}data: ${JSON.stringify(data)}\n\n`);
  }

  /** Resolves when the reader has caught up or the stream is over. */
  async ready(): Promise<void> {
    if (this.closed || this.response.writableLength <= this.limits.bufferBytes) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.response.off('drain', done);
        this.signal.removeEventListener('abort', done);
        resolve();
      };
      this.response.on('drain', done);
      this.signal.addEventListener('abort', done);
    });
  }

  /** Ends the stream; events sent before still reach a reader that reads. */
  close(): void {
    if (this.closed) return;
    this.response.end();
    this.finish();
  }

  /** Ends the stream with a last `error` event that says why. */
  fail(code: string, message: string): void {
    if (this.closed) return;
    this.response.write(`event: error\ndata: ${JSON.stringify({ code, message })}\n\n`);
    this.close();
    setTimeout(() => this.response.destroy(), this.limits.slowMs).unref();
  }

  private write(text: string): boolean {
    if (this.closed) return false;
    // What waited before counts, not this event: one large event must not end the stream of a reader that keeps up.
    const backlog = this.response.writableLength;
    this.response.write(text);
    if (this.response.writableLength <= this.limits.bufferBytes) return true;
    if (backlog > this.limits.bufferBytes * HARD_LIMIT_FACTOR) this.dropSlowReader();
    else this.slowTimer ??= setTimeout(() => this.dropSlowReader(), this.limits.slowMs).unref();
    return false;
  }

  private caughtUp(): void {
    clearTimeout(this.slowTimer);
    this.slowTimer = undefined;
  }

  private dropSlowReader(): void {
    this.fail('slow_reader', 'the events were not read fast enough; continue from the last id received');
  }

  private finish(): void {
    clearInterval(this.heartbeat);
    this.caughtUp();
    this.aborter.abort();
  }
}

/** Starts a server-sent event answer. Shutdown ends it, as does the client's leaving. The handler takes `@Res()` without passthrough. */
export function openSse(request: EdgeRequest, response: ServerResponse, limits?: SseLimits): SseStream {
  response.statusCode = 200;
  response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
  response.setHeader('Cache-Control', 'no-cache, no-transform');
  response.setHeader('X-Accel-Buffering', 'no');
  response.flushHeaders();
  request.socket.setNoDelay(true);
  const stream = new SseStream(response, limits);
  const forget = request.drain?.register(() => stream.close());
  if (forget !== undefined) stream.signal.addEventListener('abort', forget);
  return stream;
}

/** Where a reader wants to continue: `Last-Event-ID`, which a reconnecting browser sends, wins over `?after=`. */
export function resumePoint(request: EdgeRequest, after: string | number | undefined): string | undefined {
  const last = request.headers['last-event-id'];
  if (typeof last === 'string' && last !== '') return last;
  return after === undefined || after === '' ? undefined : String(after);
}
