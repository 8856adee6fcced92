import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';

interface Entry {
  readonly namespace: string;
  readonly key: string;
  readonly value: unknown;
  readonly updated_at: string;
}

interface PageBody {
  readonly data: Entry[];
  readonly next_cursor: string | null;
}

let app: TestApp;
let api: ApiClient;

beforeAll(async () => {
  app = await startApp();
  ({ api } = app);
});
afterAll(async () => {
  await app?.close();
});

const put = (path: string, value: unknown, by = api) => by.put<Entry>(`/kv/${path}`, { value });
const get = (path: string, by = api) => by.get<Entry>(`/kv/${path}`);

describe('an entry', () => {
  it('is kept, read, replaced and deleted', async () => {
    expect(await put('sync/cursor', { at: 1 })).toMatchObject({
      status: 200,
      body: { namespace: 'sync', key: 'cursor', value: { at: 1 } },
    });
    const replaced = await put('sync/cursor', ['two']);
    expect((await get('sync/cursor')).body).toEqual(replaced.body);
    expect((await api.delete('/kv/sync/cursor')).status).toBe(204);
    expect((await get('sync/cursor')).status).toBe(404);
    expect((await api.delete('/kv/sync/cursor')).status).toBe(404);
  });

  it.each([['text'], [0], [false], [{ deep: [{ er: null }] }]])('may be %j', async (value) => {
    await put('values/any', value);
    expect((await get('values/any')).body.value).toEqual(value);
  });

  it('has any key, also one with slashes', async () => {
    await put('keys/customers%2Fä%20b', 1);
    expect((await get('keys/customers%2Fä%20b')).body.key).toBe('customers/ä b');
  });

  it.each([
    ['a namespace with spaces', 'no%20space/a', 1, { path: 'namespace', code: 'format' }],
    ['a long namespace', `${'n'.repeat(65)}/a`, 1, { path: 'namespace', code: 'format' }],
    ['a key over 256 bytes', `sync/${encodeURIComponent('ä'.repeat(129))}`, 1, { path: 'key', code: 'format' }],
    ['a value over 64 KiB', 'sync/a', 'x'.repeat(64 * 1024), { path: '/value', code: 'too_large' }],
    ['no value', 'sync/a', undefined, { path: '/value', code: 'required' }],
    ['null', 'sync/a', null, { path: '/value', code: 'required' }],
  ])('is refused with %s', async (_what, path, value, fault) => {
    const { status, body } = await put(path, value);
    expect(status).toBe(422);
    expect(body).toMatchObject({ errors: [fault] });
  });

  it('is its tenant’s, and written by operators only', async () => {
    await put('mine/secret', 1);
    const stranger = await app.createKey({ role: 'admin', tenant: 'stranger' });
    expect((await get('mine/secret', stranger.api)).status).toBe(404);
    await put('mine/secret', 2, stranger.api);
    expect((await get('mine/secret')).body.value).toBe(1);
    const viewer = await app.createKey({ role: 'viewer' });
    expect((await get('mine/secret', viewer.api)).status).toBe(200);
    expect((await put('mine/secret', 3, viewer.api)).status).toBe(403);
  });
});

it('lists by namespace and key, page by page, of a namespace or a prefix', async () => {
  const { api: own } = await app.createKey({ role: 'admin', tenant: 'lister' });
  for (const path of ['b/1', 'a/x%2F2', 'a/x%2F1', 'a/y', 'a/w']) await put(path, path, own);
  const keys = async (query: Record<string, string>): Promise<string[]> => {
    const { body } = await own.get<PageBody>('/kv', { query });
    return body.data.map(({ namespace, key }) => `${namespace}:${key}`);
  };
  expect(await keys({})).toEqual(['a:w', 'a:x/1', 'a:x/2', 'a:y', 'b:1']);
  expect(await keys({ namespace: 'b' })).toEqual(['b:1']);
  expect(await keys({ namespace: 'a', prefix: 'x/' })).toEqual(['a:x/1', 'a:x/2']);
  expect(await keys({ namespace: 'a', prefix: '%' })).toEqual([]);
  const first = await own.get<PageBody>('/kv', { query: { limit: '3' } });
  const second = await own.get<PageBody>('/kv', { query: { limit: '3', cursor: first.body.next_cursor ?? '' } });
  expect([...first.body.data, ...second.body.data].map(({ value }) => value)).toEqual(['a/w', 'a/x%2F1', 'a/x%2F2', 'a/y', 'b/1']);
  expect(second.body.next_cursor).toBeNull();
  expect((await own.get('/kv', { query: { cursor: 'x' } })).status).toBe(400);
});
