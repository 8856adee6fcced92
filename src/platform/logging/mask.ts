/** Heddle's own keys, bearer tokens, and the passwords in URLs, wherever they appear in a line. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\bhdl_[A-Za-z0-9_-]{8,}/g, 'hdl_[masked]'],
  [/\bBearer\s+[A-Za-z0-9._~+/=-]{8,}/gi, 'Bearer [masked]'],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*:)[^\s@/"]+@/gi, '$1[masked]@'],
];

/** Shorter values would mask ordinary words. */
const SHORTEST_SECRET = 6;

/** Replaces secrets in text: known patterns, and the given values in clear or as JSON writes them. */
export function createMask(secrets: Iterable<string>): (text: string) => string {
  const values = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue;
    values.add(secret);
    values.add(JSON.stringify(secret).slice(1, -1));
  }
  // Longest first: a secret that contains another one is masked whole.
  const ordered = [...values].toSorted((a, b) => b.length - a.length);
  return (text) => {
    let masked = text;
    for (const [pattern, replacement] of PATTERNS) masked = masked.replace(pattern, replacement);
    for (const value of ordered) masked = masked.replaceAll(value, '[masked]');
    return masked;
  };
}
