import type { Readable } from 'node:stream';

/** A request to the outside. Only `url` is required. */
export interface EgressRequest {
  readonly url: string | URL;
  /** Default `GET`. */
  readonly method?: string;
  readonly headers?: EgressHeaders;
  readonly body?: string | Uint8Array;
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Limit of the whole exchange: DNS, connection, redirects and body. Default 30 s. */
  readonly timeoutMs?: number;
  /** Limit of the body, counted after decompression. Default 16 MiB. */
  readonly maxResponseBytes?: number;
  /** Default true. */
  readonly followRedirects?: boolean;
  /** Default 10. */
  readonly maxRedirects?: number;
}

export type EgressHeaders = Readonly<Record<string, string | readonly string[]>>;

interface EgressAnswer {
  readonly status: number;
  /** Lower-case names; repeated headers are joined with `, `, `set-cookie` stays a list. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Where the answer came from, after redirects. */
  readonly url: string;
}

export interface EgressResponse extends EgressAnswer {
  readonly body: Buffer;
}

export interface EgressStream extends EgressAnswer {
  /** Decompressed; fails with a `StepError` as soon as a limit is passed. Destroy it when it is not read to its end. */
  readonly body: Readable;
}

/** One result of a name lookup. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Looks a name up. Every address it returns is checked before it is connected to. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;
