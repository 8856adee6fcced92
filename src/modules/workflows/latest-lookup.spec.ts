import { describe, expect, it } from 'vitest';
import type { EnginePool } from '../../platform/database/index.js';
import { LatestLookup } from './latest-lookup.js';

/** A pool whose queries are answered by hand, all questions of one alike. */
function manualPool() {
  const pending: { parameters: unknown[][]; answer: (id: string | null) => void; fail: (error: Error) => void }[] = [];
  const pool = {
    query: ({ values }: { values: unknown[][] }) =>
      new Promise((resolve, reject) => {
        const rows = (id: string | null) => (id === null ? [] : (values[0] ?? []).map((_, index) => ({ place: index + 1, id })));
        pending.push({ parameters: values, answer: (id) => resolve({ rows: rows(id) }), fail: reject });
      }),
  } as unknown as EnginePool;
  return { lookup: new LatestLookup(pool), pending };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the lookup of the latest version', () => {
  it('asks once for all who ask while a query is under way, after it', async () => {
    const { lookup, pending } = manualPool();
    const first = lookup.find('t', 'a/b');
    const others = [lookup.find('t', 'a/b'), lookup.find('t', 'a/b'), lookup.find('t', 'a/b')];
    expect(pending).toHaveLength(1);
    pending[0]?.answer('old');
    expect(await first).toBe('old');
    await turn();
    expect(pending).toHaveLength(2);
    pending[1]?.answer('new');
    expect(await Promise.all(others)).toEqual(['new', 'new', 'new']);
  });

  it('never answers with what was read before the question', async () => {
    const { lookup, pending } = manualPool();
    const first = lookup.find('t', 'a/b');
    const second = lookup.find('t', 'a/b');
    pending[0]?.answer('v1');
    await first;
    await turn();
    const third = lookup.find('t', 'a/b');
    pending[1]?.answer('v2');
    expect(await second).toBe('v2');
    await turn();
    pending[2]?.answer('v3');
    expect(await third).toBe('v3');
  });

  it('keeps tenants, references and versions apart, in one statement', async () => {
    const { lookup, pending } = manualPool();
    const id = '0192f0c1-7a00-7000-8000-000000000001';
    void lookup.find('t', 'first');
    void lookup.find('t', 'a/b');
    void lookup.find('u', 'a/b');
    void lookup.find('t', 'c');
    void lookup.find('t', 'a/b', 2);
    void lookup.find('t', id);
    void lookup.find('t', 'a/b');
    pending[0]?.answer('v1');
    await turn();
    expect(pending.slice(1).map(({ parameters }) => parameters)).toEqual([
      [
        ['t', 'u', 't', 't', 't'],
        [null, null, null, null, id],
        ['a', 'a', 'default', 'a', null],
        ['b', 'b', 'c', 'b', null],
        [null, null, null, 2, null],
      ],
    ]);
  });

  it('tells a failure to those who waited for that query only, and recovers', async () => {
    const { lookup, pending } = manualPool();
    const first = lookup.find('t', 'a/b');
    const second = lookup.find('t', 'a/b');
    pending[0]?.fail(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    await turn();
    pending[1]?.answer('v1');
    expect(await second).toBe('v1');
    await turn();
    const third = lookup.find('t', 'a/b');
    pending[2]?.answer(null);
    expect(await third).toBeNull();
  });

  it('finds nothing where nothing can be named, without asking', async () => {
    const { lookup, pending } = manualPool();
    expect(await lookup.find('t', 'a//c')).toBeNull();
    expect(await lookup.find('t', '\0')).toBeNull();
    expect(pending).toHaveLength(0);
  });
});
