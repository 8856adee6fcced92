import type { AppError } from '../errors/app-error.js';

/** An error as a dialect tells it. */
export interface DialectAnswer {
  readonly status: number;
  readonly mediaType: string;
  readonly body: object;
}

/**
 * The API of another system, spoken by this server below `/compat/<name>`. Everything below that path is answered in its form,
 * also what no route takes and what the edge refuses.
 */
export interface Dialect {
  readonly name: string;
  /** Browsers may call from anywhere, whatever `HEDDLE_CORS_ORIGINS` says. */
  readonly anyOrigin?: boolean;
  /** A header, in lower case, in which clients may send their key instead of in `Authorization`. */
  readonly keyHeader?: string;
  /** The header by which it marks the stored reply to a repeated request, instead of ours. */
  readonly replayHeader?: string;
  /** Members of bodies that it does not know are passed over; else they are refused. */
  readonly passesOverUnknownMembers?: boolean;
  /** `path` is as the dialect's clients see it, without a query. */
  errorAnswer(error: AppError, path: string, requestId: string): DialectAnswer;
}

const PREFIX = '/compat/';

/** Where a dialect's paths begin. */
export function pathOfDialect(name: string): string {
  return `${PREFIX}${name}`;
}

/** The path of a URL as a dialect's clients see it. */
export function pathWithin(dialect: Dialect, url: string): string {
  const end = url.search(/[?#]/);
  const path = (end === -1 ? url : url.slice(0, end)).slice(pathOfDialect(dialect.name).length);
  return path === '' ? '/' : path;
}

/** Which dialect a URL belongs to. */
export function dialectFinder(dialects: readonly Dialect[]): (url: string) => Dialect | undefined {
  const byName = new Map(dialects.map((dialect) => [dialect.name, dialect]));
  return (url) => (url.startsWith(PREFIX) ? byName.get(/^[^/?#]*/.exec(url.slice(PREFIX.length))?.[0] ?? '') : undefined);
}
