import { egressError } from './egress.errors.js';
import { checkedUrl, type Hop } from './request-line.js';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const BODY_HEADERS = ['content-encoding', 'content-language', 'content-location', 'content-type'];
const CREDENTIAL_HEADERS = ['authorization', 'cookie'];

/**
 * The hop that follows an answer, or null when it is no redirect. By the fetch standard: a POST becomes a GET on 301 and
 * 302, everything but GET and HEAD on 303; credentials never leave their origin.
 */
export function nextHop(hop: Hop, status: number, location: string | undefined): Hop | null {
  if (!REDIRECTS.has(status) || location === undefined) return null;
  const url = targetOf(location, hop.url);
  const becomesGet =
    (status === 303 && hop.method !== 'GET' && hop.method !== 'HEAD') || ((status === 301 || status === 302) && hop.method === 'POST');
  const dropped = [...(becomesGet ? BODY_HEADERS : []), ...(url.origin === hop.url.origin ? [] : CREDENTIAL_HEADERS)];
  return {
    url,
    method: becomesGet ? 'GET' : hop.method,
    headers: Object.fromEntries(Object.entries(hop.headers).filter(([name]) => !dropped.includes(name))),
    body: becomesGet ? undefined : hop.body,
  };
}

/** Header values arrive as Latin-1; a Location with raw UTF-8 in it means those bytes. */
function targetOf(location: string, base: URL): URL {
  try {
    return checkedUrl(Buffer.from(location, 'latin1').toString('utf8'), base);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'egress_refused') throw error;
    throw egressError('bad_response', `${base.host} redirects to a URL that cannot be followed`, { cause: error });
  }
}
