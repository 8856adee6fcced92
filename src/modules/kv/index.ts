export { KvModule } from './kv.module.js';
/** For other entrances than the API. */
export { KvService, type ListKv } from './kv.service.js';
export type { KvEntry } from './kv-store.js';
