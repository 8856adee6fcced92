const MASK = '***';

/** A function that hides the given values in serialised JSON, or undefined when there is nothing to hide. */
export function redactor(secrets: readonly string[]): ((text: string) => string) | undefined {
  // Inside JSON text a value appears escaped. Longest first, so that no secret survives as the rest of another.
  const needles = [...new Set(secrets.filter((value) => value !== '').map((value) => JSON.stringify(value).slice(1, -1)))].sort(
    (a, b) => b.length - a.length,
  );
  if (needles.length === 0) return undefined;
  return (text) => needles.reduce((masked, needle) => masked.replaceAll(needle, MASK), text);
}
