import { pipeline, Readable, type Duplex } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { egressError } from './egress.errors.js';

/** More than this many codings on top of each other is an attack, not a transfer. */
const MAX_CODINGS = 3;
/** 8 MiB, what RFC 8878 asks decoders to support; the library's default would let a server claim 128 MiB. */
const ZSTD_WINDOW_LOG = 23;

/**
 * Decodes a body while counting: neither the bytes received nor the bytes they expand to may pass `limit`, and no more than
 * one chunk beyond it is ever held. `raw` is destroyed with the returned stream.
 */
export function decodedBody(raw: Readable, contentEncoding: string | undefined, limit: number): Readable {
  let stream = Readable.from(capped(raw, limit), { objectMode: false });
  const codings = codingsOf(contentEncoding);
  if (codings.length === 0) return stream;
  for (const coding of codings) stream = pipeline(stream, decoderOf(coding), () => {});
  return Readable.from(capped(stream, limit), { objectMode: false });
}

/** Outermost coding first, that is in the order in which they are undone. */
function codingsOf(contentEncoding: string | undefined): string[] {
  const codings = (contentEncoding ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > MAX_CODINGS) throw egressError('bad_response', `the answer is encoded ${codings.length} times over`);
  return codings.toReversed();
}

function decoderOf(coding: string): Duplex {
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'br':
      return createBrotliDecompress();
    case 'zstd':
      return createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } });
    case 'deflate':
      return createInflate();
    default:
      throw egressError('bad_response', `the answer is encoded as ${JSON.stringify(coding.slice(0, 40))}, which is not understood`);
  }
}

async function* capped(source: Readable, limit: number): AsyncGenerator<Buffer> {
  let total = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > limit) throw tooLarge(limit);
    yield chunk;
  }
}

/** The answer to a body, announced or real, beyond the limit. */
export function tooLarge(limit: number): Error {
  return egressError('too_large', `the answer is larger than ${limit} bytes`);
}
