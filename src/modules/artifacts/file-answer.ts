import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../platform/errors/app-error.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import type { Artifact } from './artifact.js';
import type { ByteRange } from './storage/content-storage.js';

/** A client that takes nothing for so long is gone. */
const STALL_MS = 2 * 60_000;

/** What of a file is asked for. */
export type Selection =
  | { readonly kind: 'unmodified' }
  | { readonly kind: 'whole'; readonly range: ByteRange }
  | { readonly kind: 'part'; readonly range: ByteRange };

/** Decides by RFC 9110 (conditions, then ranges) what is answered. Several ranges are answered with the whole. Throws 416. */
export function selectionOf(request: EdgeRequest, response: Response, artifact: Artifact): Selection {
  const tag = etagOf(artifact);
  const { size } = artifact;
  const whole: Selection = { kind: 'whole', range: { start: 0, end: size - 1 } };
  if (matches(request.headers['if-none-match'], tag)) return { kind: 'unmodified' };
  if (request.method !== 'GET' || request.headers.range === undefined) return whole;
  const condition = request.headers['if-range'];
  if (condition !== undefined && condition !== tag) return whole;
  const range = rangeOf(request.headers.range, size);
  if (range === null) return whole;
  if (range.start >= size || range.end < range.start) {
    response.setHeader('Content-Range', `bytes */${size}`);
    throw new AppError(416, 'range_not_satisfiable', `the artifact has ${size} bytes`);
  }
  return { kind: 'part', range };
}

/** One range of bytes, cut at the end of the file; null for anything else, which is to be ignored. */
function rangeOf(header: string, size: number): ByteRange | null {
  const [, first, last = '', suffix] = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/.exec(header.trim()) ?? [];
  if (suffix !== undefined) return { start: Math.max(0, size - Number(suffix)), end: size - 1 };
  if (first === undefined || (last !== '' && Number(last) < Number(first))) return null;
  return { start: Number(first), end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

/** Writes everything before the content. The file is always offered for download and never run, shown or guessed at. */
export function sendHead(response: Response, artifact: Artifact, selection: Selection): void {
  response.setHeader('ETag', etagOf(artifact));
  response.setHeader('Cache-Control', 'private, no-cache');
  response.setHeader('Accept-Ranges', 'bytes');
  if (selection.kind === 'unmodified') {
    response.status(304);
    return;
  }
  const { start, end } = selection.range;
  response.status(selection.kind === 'part' ? 206 : 200);
  if (selection.kind === 'part') response.setHeader('Content-Range', `bytes ${start}-${end}/${artifact.size}`);
  response.attachment(artifact.name);
  response.setHeader('Content-Type', artifact.mediaType);
  response.setHeader('Content-Length', end + 1 - start);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'; sandbox");
}

/** Sends a content at the pace of the client; one that goes away, or stops taking it, ends the reading. */
export async function sendContent(response: Response, content: AsyncIterable<Uint8Array>): Promise<void> {
  response.setTimeout(STALL_MS, () => response.destroy());
  // One chunk ahead: a chunk is large already.
  await pipeline(Readable.from(content, { highWaterMark: 1 }), response).catch((error: unknown) => {
    if (!isPrematureClose(error)) throw error;
  });
}

function etagOf({ sha256 }: Artifact): string {
  return `"${sha256}"`;
}

function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === tag);
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'ECONNRESET');
}
