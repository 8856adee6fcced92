import { isJsonObject, type Json, type JsonObject } from '../../../engine/model/json.js';
import { StepError } from '../../../engine/model/step-error.js';
import { parseJson } from './json-text.js';

export interface EncodedBody {
  readonly body: string | Uint8Array;
  readonly contentType: string;
}

/** The body to send and its media type, or null for none. */
export function encodeBody(body: Json | undefined, type: string): EncodedBody | null {
  if (body === undefined || (body === null && type !== 'json')) return null;
  switch (type) {
    case 'json':
      return { body: JSON.stringify(body), contentType: 'application/json' };
    case 'form':
      return { body: formOf(body), contentType: 'application/x-www-form-urlencoded' };
    case 'bytes':
      return { body: bytesOf(body), contentType: 'application/octet-stream' };
    case 'text':
      return { body: textOf(body), contentType: 'text/plain; charset=utf-8' };
    default:
      return encodeBody(body, typeof body === 'string' ? 'text' : 'json');
  }
}

/** The URL with `query` appended to what query it has. */
export function withQuery(url: string, query: JsonObject): string {
  const added = fieldsOf(query).toString();
  if (added === '') return url;
  const [address = '', fragment] = url.split('#', 2);
  const joint = !address.includes('?') ? '?' : address.endsWith('?') || address.endsWith('&') ? '' : '&';
  return `${address}${joint}${added}${fragment === undefined ? '' : `#${fragment}`}`;
}

/** The response body as JSON value. */
export function decodeBody(bytes: Buffer, contentType: string, as: string): Json {
  const media = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  switch (as) {
    case 'base64':
      return bytes.toString('base64');
    case 'text':
      return decodeText(bytes, contentType);
    case 'json':
      return bytes.length === 0 ? null : parseJson(decodeText(bytes, contentType));
    default:
      return autoBody(bytes, contentType, media);
  }
}

function autoBody(bytes: Buffer, contentType: string, media: string): Json {
  if (bytes.length === 0) return null;
  if (media === '') return unlabelled(bytes);
  if (media === 'application/json' || media === 'text/json' || media.endsWith('+json')) return leniently(decodeText(bytes, contentType));
  return isText(media) ? decodeText(bytes, contentType) : bytes.toString('base64');
}

/** Error pages like to call themselves JSON; a body that is none is still worth having. */
function leniently(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

function unlabelled(bytes: Buffer): string {
  try {
    return bytes.includes(0) ? bytes.toString('base64') : new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString('base64');
  }
}

function isText(media: string): boolean {
  return (
    media.startsWith('text/') ||
    /^application\/([a-z0-9.+-]*[.+-])?(xml|yaml|yml|javascript|ecmascript|graphql|sql|toml|x-www-form-urlencoded|x-ndjson|ndjson|jsonl|json-seq)$/.test(
      media,
    ) ||
    media.endsWith('+xml') ||
    media.endsWith('+yaml')
  );
}

function decodeText(bytes: Buffer, contentType: string): string {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function fieldsOf(fields: JsonObject): URLSearchParams {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null) params.append(name, textOf(each));
    }
  }
  return params;
}

function formOf(body: Json): string {
  if (typeof body === 'string') return body;
  if (!isJsonObject(body)) throw invalidBody('a form body is an object of fields');
  return fieldsOf(body).toString();
}

function bytesOf(body: Json): Buffer {
  const compact = typeof body === 'string' ? body.replaceAll(/\s/g, '') : null;
  if (compact === null || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(compact)) throw invalidBody('a bytes body is a base64 string');
  return Buffer.from(compact, 'base64');
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function invalidBody(message: string): StepError {
  return new StepError('invalid_config', message, { retryable: false });
}
