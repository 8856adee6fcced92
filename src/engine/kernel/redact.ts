import { isJsonObject, type Json } from '../model/json.js';

const MASK = '***';

/** A function that hides the given values in the texts of serialised JSON, or undefined when there is nothing to hide. */
export function redactor(secrets: readonly string[]): ((json: string) => string) | undefined {
  if (secrets.length === 0) return undefined;
  // Longest first, so that no secret survives as the rest of another.
  const needles = [...new Set(secrets)].filter((value) => value !== '').toSorted((a, b) => b.length - a.length);
  if (needles.length === 0) return undefined;
  const escaped = needles.map((value) => JSON.stringify(value).slice(1, -1));
  const mask = (text: string): string => needles.reduce((masked, needle) => masked.replaceAll(needle, MASK), text);
  // Only texts are masked: a secret may look like a number or a part of the notation, and the result must stay JSON.
  return (json) => (escaped.some((needle) => json.includes(needle)) ? JSON.stringify(maskTexts(JSON.parse(json) as Json, mask)) : json);
}

function maskTexts(value: Json, mask: (text: string) => string): Json {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((item) => maskTexts(item, mask));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [mask(key), maskTexts(item, mask)]));
}
