import { Injectable } from '@nestjs/common';
import type { Json } from '../../engine/index.js';
import { NotFoundError } from '../../platform/errors/app-error.js';
import { decodeCursor, encodeCursor } from '../../platform/http/cursor.js';
import { type Page, pageOf } from '../../platform/http/page.js';
import { type KvEntry, type KvPlace, KvStore, MAX_ENTRIES } from './kv-store.js';
import { badPlace, namespaceFull, valueTooLarge } from './kv.errors.js';

const MAX_KEY_BYTES = 256;
const MAX_VALUE_BYTES = 64 * 1024;
const NAMESPACE = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export interface ListKv {
  readonly namespace?: string | undefined;
  readonly prefix?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Values that a tenant keeps by namespace and key, the same on every node. The last write wins. */
@Injectable()
export class KvService {
  constructor(private readonly store: KvStore) {}

  /** By their namespaces and keys. */
  async list(tenant: string, { namespace, prefix = '', limit, cursor }: ListKv): Promise<Page<KvEntry>> {
    const after = cursor === undefined ? null : decodeCursor(cursor, isPosition);
    const entries = await this.store.list(tenant, { namespace, prefix }, { after, limit: limit + 1 });
    return pageOf(
      entries,
      limit,
      (entry) => entry,
      (entry) => encodeCursor([entry.namespace, entry.key]),
    );
  }

  /** Throws 404. */
  async get(place: KvPlace): Promise<KvEntry> {
    const entry = await this.store.get(place);
    if (entry === null) throw new NotFoundError('entry');
    return entry;
  }

  /** Keeps a value, also instead of another. Throws 422 for a name or value out of bounds, 409 `namespace_full`. */
  async put(place: KvPlace, value: Json): Promise<KvEntry> {
    if (!NAMESPACE.test(place.namespace)) throw badPlace('namespace', 'is up to 64 letters, digits, underscores, dots and hyphens');
    if (Buffer.byteLength(place.key) > MAX_KEY_BYTES) throw badPlace('key', `is longer than ${MAX_KEY_BYTES} bytes`);
    const text = JSON.stringify(value);
    if (Buffer.byteLength(text) > MAX_VALUE_BYTES) throw valueTooLarge(MAX_VALUE_BYTES);
    const entry = await this.store.put(place, text);
    if (entry === null) throw namespaceFull(place.namespace, MAX_ENTRIES);
    return entry;
  }

  /** Throws 404. */
  async delete(place: KvPlace): Promise<void> {
    if (!(await this.store.delete(place))) throw new NotFoundError('entry');
  }
}

function isPosition(value: Json): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}
