import { egressError } from './egress.errors.js';
import type { EgressHeaders, EgressRequest } from './egress.types.js';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const UNSENDABLE_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const MAX_URL_LENGTH = 16_384;

/** They describe the connection or frame the message; letting callers set them is how requests get smuggled. */
const FORBIDDEN_HEADERS = new Set(
  'connection content-length expect host http2-settings keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/** One request as it goes out: a single hop, checked. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | Uint8Array | undefined;
}

/** The first hop of a request. Throws `invalid_url` or `invalid_request`. */
export function firstHop(request: EgressRequest): Hop {
  return {
    url: checkedUrl(request.url),
    method: checkedMethod(request.method ?? 'GET'),
    headers: { 'user-agent': 'heddle', accept: '*/*', 'accept-encoding': 'gzip, br, zstd', ...checkedHeaders(request.headers ?? {}) },
    body: request.body,
  };
}

/** An absolute http(s) URL without credentials. */
export function checkedUrl(input: string | URL, base?: URL): URL {
  const text = String(input);
  if (text.length > MAX_URL_LENGTH) throw egressError('invalid_url', `the URL is longer than ${MAX_URL_LENGTH} characters`);
  const url = URL.parse(text, base?.href);
  if (url === null) throw egressError('invalid_url', 'not an absolute http or https URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw egressError('egress_refused', `only http and https URLs may be requested, not ${url.protocol.slice(0, 20)}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw egressError('invalid_url', 'a URL may not hold credentials; send an Authorization header');
  }
  return url;
}

function checkedMethod(method: string): string {
  const upper = method.toUpperCase();
  if (!TOKEN.test(upper) || upper === 'CONNECT' || upper === 'TRACE') throw egressError('invalid_request', 'not a method that may be sent');
  return upper;
}

function checkedHeaders(headers: EgressHeaders): Record<string, string | string[]> {
  const checked: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase();
    if (!TOKEN.test(key)) throw egressError('invalid_request', `not a header name: ${JSON.stringify(name.slice(0, 60))}`);
    if (FORBIDDEN_HEADERS.has(key)) throw egressError('invalid_request', `the header ${key} is set by the client itself`);
    if (key in checked) throw egressError('invalid_request', `the header ${key} is given twice`);
    const values = typeof value === 'string' ? [value] : value;
    if (values.some((each) => UNSENDABLE_VALUE.test(each)))
      throw egressError('invalid_request', `the value of the header ${key} holds characters that no header may hold`);
    checked[key] = typeof value === 'string' ? value : [...value];
  }
  return checked;
}
