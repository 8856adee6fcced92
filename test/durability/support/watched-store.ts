import type { AppendResult, JournalWrite, RunStore } from '../../../src/engine/index.js';

/** What a test does around the writes of a store. */
export interface WriteWatch {
  before?(writes: readonly JournalWrite[]): Promise<void> | void;
  after?(writes: readonly JournalWrite[]): Promise<void> | void;
}

/** The store itself, but a test may hold each journal write just before and just after it is committed. */
export function watched(store: RunStore, watch: WriteWatch): RunStore {
  const append = async (writes: readonly JournalWrite[]): Promise<AppendResult> => {
    await watch.before?.(writes);
    const result = await store.append(writes);
    await watch.after?.(writes);
    return result;
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'append') return append;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (...args: unknown[]): unknown => member.apply(target, args) : member;
    },
  });
}

/** The first run that a write parks, if it parks any. */
export function parkedIn(writes: readonly JournalWrite[]): string | undefined {
  return writes.find(({ transition }) => transition?.kind === 'park')?.runId;
}
