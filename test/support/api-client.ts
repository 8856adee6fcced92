/** An answer of the server, read to its end. */
export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON, else text; null when there is none. */
  readonly body: T;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as it is, with the content type of `headers`; otherwise the body is JSON. */
  readonly raw?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

/** One finished exchange, as observers see it. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly answer: Answer<unknown>;
}

type Observer = (exchange: Exchange) => void;
const observers = new Set<Observer>();

/** Calls back for every answer that any client gets, e.g. to check it against the OpenAPI document. Returns how to stop. */
export function observeAnswers(observer: Observer): () => void {
  observers.add(observer);
  return () => {
    observers.delete(observer);
  };
}

/** A small HTTP client. Paths are below `/api/v1`, unless they start with a root word (`/health`, `/docs`, `/openapi…`). */
export class ApiClient {
  constructor(
    readonly url: string,
    readonly key: string | undefined,
  ) {}

  /** The same server, other (or no) credentials. */
  withKey(key: string | undefined): ApiClient {
    return new ApiClient(this.url, key);
  }

  get<T = Record<string, unknown>>(path: string, options?: RequestOptions): Promise<Answer<T>> {
    return this.send<T>('GET', path, undefined, options);
  }

  post<T = Record<string, unknown>>(path: string, body?: unknown, options?: RequestOptions): Promise<Answer<T>> {
    return this.send<T>('POST', path, body, options);
  }

  put<T = Record<string, unknown>>(path: string, body?: unknown, options?: RequestOptions): Promise<Answer<T>> {
    return this.send<T>('PUT', path, body, options);
  }

  patch<T = Record<string, unknown>>(path: string, body?: unknown, options?: RequestOptions): Promise<Answer<T>> {
    return this.send<T>('PATCH', path, body, options);
  }

  delete<T = Record<string, unknown>>(path: string, options?: RequestOptions): Promise<Answer<T>> {
    return this.send<T>('DELETE', path, undefined, options);
  }

  /** The bare response, for streams. */
  open(method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<Response> {
    const headers = new Headers(options.headers);
    if (this.key !== undefined && !headers.has('authorization')) headers.set('authorization', `Bearer ${this.key}`);
    const payload = options.raw ?? (body === undefined ? undefined : JSON.stringify(body));
    if (payload !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json');
    return fetch(this.resolve(path, options.query), {
      method,
      headers,
      redirect: 'manual',
      ...(payload === undefined ? {} : { body: payload as Uint8Array<ArrayBuffer> | string }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }

  private async send<T>(method: string, path: string, body: unknown, options: RequestOptions = {}): Promise<Answer<T>> {
    const response = await this.open(method, path, body, options);
    const text = await response.text();
    const json = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    const answer: Answer<T> = {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? null : json ? JSON.parse(text) : text) as T,
    };
    for (const observer of observers) observer({ method, path: this.resolve(path, options.query).pathname, answer });
    return answer;
  }

  private resolve(path: string, query: RequestOptions['query'] = {}): URL {
    const atRoot = /^\/(?:health|docs|openapi|metrics|hooks|api\/)/.test(path);
    const url = new URL(`${atRoot ? '' : '/api/v1'}${path}`, this.url);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
    return url;
  }
}
