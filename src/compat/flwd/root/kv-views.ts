import type { Json } from '../../../engine/index.js';
import type { KvEntry } from '../../../modules/kv/index.js';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function isBase64(text: string): boolean {
  return BASE64.test(text);
}

export function kvItem({ key, value, updatedAt }: KvEntry): object {
  return { key, value: base64Of(value), timestamp: updatedAt.toISOString() };
}

/** Values are kept as they came, in base64; what came through another door is encoded here. */
function base64Of(value: Json): string {
  return typeof value === 'string' && isBase64(value) ? value : Buffer.from(JSON.stringify(value)).toString('base64');
}
