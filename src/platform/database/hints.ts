/** Postgres refuses payloads of 8000 bytes. */
const MAX_PAYLOAD_BYTES = 7_900;

/** Packs hints into as few payloads as fit. Throws on a hint that is too long to be one. */
export function encodeHints(hints: Iterable<string>): string[] {
  const payloads: string[] = [];
  let parts: string[] = [];
  let size = 2;
  for (const hint of hints) {
    const part = JSON.stringify(hint);
    const bytes = Buffer.byteLength(part) + 1;
    if (bytes + 2 > MAX_PAYLOAD_BYTES) throw new Error(`a hint of ${bytes} bytes is too long`);
    if (size + bytes > MAX_PAYLOAD_BYTES) {
      payloads.push(`[${parts.join(',')}]`);
      parts = [];
      size = 2;
    }
    parts.push(part);
    size += bytes;
  }
  if (parts.length > 0) payloads.push(`[${parts.join(',')}]`);
  return payloads;
}

/** The hints of a payload; none when somebody else sent it. */
export function decodeHints(payload: string): string[] {
  try {
    const parsed: unknown = JSON.parse(payload);
    return Array.isArray(parsed) ? parsed.filter((hint) => typeof hint === 'string') : [];
  } catch {
    return [];
  }
}
