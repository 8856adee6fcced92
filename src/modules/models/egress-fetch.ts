import { Readable } from 'node:stream';
import type { EgressClient } from '../../platform/egress/index.js';

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** `fetch` through the guarded client, for libraries that take one. Redirects are not followed: a model's address does not move. */
export function egressFetch(client: EgressClient, timeoutMs: number): typeof fetch {
  return async (input, init) => {
    const request = input instanceof Request ? input : null;
    const url = request?.url ?? String(input);
    const answer = await client.stream({
      url,
      method: init?.method ?? request?.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init?.headers ?? request?.headers).entries()),
      ...bodyOf(init?.body),
      ...(init?.signal == null ? {} : { signal: init.signal }),
      timeoutMs,
      maxResponseBytes: MAX_ANSWER_BYTES,
      followRedirects: false,
    });
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) {
      // The body comes decoded.
      if (name === 'content-encoding' || name === 'content-length') continue;
      for (const each of [value].flat()) headers.append(name, each);
    }
    if (BODILESS.has(answer.status)) {
      answer.body.destroy();
      return new Response(null, { status: answer.status, headers });
    }
    return new Response(Readable.toWeb(answer.body) as ReadableStream<Uint8Array>, { status: answer.status, headers });
  };
}

function bodyOf(body: RequestInit['body']): { body?: string | Uint8Array } {
  if (body === null || body === undefined) return {};
  if (typeof body === 'string' || body instanceof Uint8Array) return { body };
  throw new TypeError('only texts and bytes can be sent');
}
