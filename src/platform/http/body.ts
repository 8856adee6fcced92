import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { AppError, BadRequestError } from '../errors/app-error.js';
import { parseJson } from './json-text.js';

/** What a route's body may be: JSON is parsed, YAML comes as text, `bytes` (any media type) as a Buffer. */
export type BodyKind = 'json' | 'yaml' | 'bytes';

const YAML_TYPES = new Set(['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml', 'text/vnd.yaml']);

export function hasBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}

/** Which of the kinds a route takes the request's media type is; a 415 when none. */
export function bodyKindOf(contentType: string | undefined, taken: readonly BodyKind[]): BodyKind {
  const [type = '', ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const kind = type === 'application/json' || type.endsWith('+json') ? 'json' : YAML_TYPES.has(type) ? 'yaml' : 'bytes';
  if (!taken.includes(kind)) {
    if (taken.includes('bytes')) return 'bytes';
    throw new AppError(415, 'unsupported_media_type', unsupported(type, taken));
  }
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  if (kind !== 'bytes' && charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    throw new AppError(415, 'unsupported_charset', `the charset must be utf-8, not ${charset.slice(0, 40)}`);
  }
  return kind;
}

function unsupported(type: string, taken: readonly BodyKind[]): string {
  const wanted = taken.includes('yaml') ? 'application/json or application/yaml' : 'application/json';
  return type === '' ? `send the body with Content-Type: ${wanted}` : `the body must be ${wanted}, not ${type.slice(0, 80)}`;
}

export function decodeBody(bytes: Buffer, kind: BodyKind): unknown {
  if (kind === 'bytes') return bytes;
  if (!isUtf8(bytes)) throw new BadRequestError('the body is not valid UTF-8', [], 'invalid_utf8');
  const text = hasByteOrderMark(bytes) ? bytes.toString('utf8', 3) : bytes.toString('utf8');
  return kind === 'json' ? parseJson(text) : text;
}

function hasByteOrderMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** All bytes of the body, inflated; a 413 as soon as it is clear that there are more than `limit`. */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLarge = (): AppError => new AppError(413, 'payload_too_large', `the body is larger than ${limit} bytes`);
    if (Number(request.headers['content-length'] ?? 0) > limit) {
      reject(tooLarge());
      return;
    }
    const source = inflated(request);
    const chunks: Buffer[] = [];
    let size = 0;

    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) refuse(tooLarge());
      else chunks.push(chunk);
    };
    const onEnd = (): void => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size));
    const refuse = (error: AppError): void => {
      source.off('data', onData).off('end', onEnd);
      if (source !== request) request.unpipe();
      // What the client still sends is read and dropped, so that it gets to read the answer.
      request.resume();
      reject(error);
    };

    source.on('data', onData).on('end', onEnd);
    source.on('error', (cause) => refuse(source === request ? aborted(cause) : badEncoding(cause)));
    request.on('close', () => {
      if (!request.complete) refuse(aborted());
    });
  });
}

function badEncoding(cause: unknown): AppError {
  return new AppError(400, 'malformed_encoding', 'the body is not encoded as its Content-Encoding says', { cause });
}

function aborted(cause?: unknown): AppError {
  return new AppError(400, 'request_aborted', 'the request ended before its body', { cause });
}

function inflated(request: IncomingMessage): Readable {
  switch ((request.headers['content-encoding'] ?? 'identity').toLowerCase()) {
    case 'identity':
      return request;
    case 'gzip':
    case 'x-gzip':
      return request.pipe(createGunzip());
    case 'deflate':
      return request.pipe(createInflate());
    case 'br':
      return request.pipe(createBrotliDecompress());
    default:
      throw new AppError(415, 'unsupported_encoding', 'the Content-Encoding must be gzip, deflate or br');
  }
}
