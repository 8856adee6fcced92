import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiClient, startApp, type TestApp } from '../support/index.js';
import { BODIES, createWorld, QUERIES, type TenantWorld } from './tenant-world.js';

interface Route {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  /** Nobody's thing: whoever knows the path may call it. */
  readonly open: boolean;
}

const { paths } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, { operationId: string; security: unknown[] }>>;
};
const ROUTES: Route[] = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, { operationId, security }]) => ({
    method: method.toUpperCase(),
    path,
    operationId,
    open: security.length === 0,
  })),
);
/** Makes what it names, in the caller's tenant. */
const MAKING = new Set(['putKvEntry']);
const NAMING = ROUTES.filter(({ path, open, operationId }) => path.includes('{') && !open && !MAKING.has(operationId));
const LISTING = ROUTES.filter(({ method, path }) => method === 'GET' && !path.includes('{') && path.startsWith('/api/v1/'));
/** Streams have no end to read to; their own tests hold them to their tenant. */
const STREAMS = new Set(['followEvents']);

let app: TestApp;
let mine: TenantWorld;
let me: ApiClient;
let stranger: ApiClient;

beforeAll(async () => {
  app = await startApp();
  ({ api: me } = await app.createKey({ role: 'admin', tenant: 'mine' }));
  ({ api: stranger } = await app.createKey({ role: 'admin', tenant: 'stranger' }));
  mine = await createWorld(me, 'belongs-to-mine');
  await createWorld(stranger, 'belongs-to-stranger');
});
afterAll(async () => {
  await app.close();
});

function pathOf(route: Route): string {
  const prefix = Object.keys(mine.ids).find((start) => route.path.startsWith(`${start}{`));
  if (prefix === undefined) throw new Error(`tenant-world.ts makes nothing for ${route.path}`);
  // An id may be written as several parameters in a row.
  return (
    route.path
      .replace(/\{[^}]+\}(\/\{[^}]+\})*/, mine.ids[prefix] ?? '')
      .replace(/\{(\w+)\}/g, (written, name: string) => mine.parts[name] ?? written) + (QUERIES[route.operationId] ?? '')
  );
}

async function send(api: ApiClient, { method, operationId }: Route, path: string): Promise<{ status: number; text: string }> {
  const response = await api.open(method, path, method === 'GET' || method === 'DELETE' ? undefined : (BODIES[operationId] ?? {}));
  return { status: response.status, text: await response.text() };
}

it.each(NAMING)("$method $path ($operationId) knows nothing of another tenant's things", async (route) => {
  const { status, text } = await send(stranger, route, pathOf(route));
  expect(status).toBe(404);
  for (const mark of mine.marks.filter((each) => !route.path.includes(each) && !pathOf(route).includes(each)))
    expect(text).not.toContain(mark);
});

it.each(NAMING.filter(({ method }) => method === 'GET'))(
  '$path ($operationId) is there for its owner, also after strangers tried',
  async (route) => {
    expect((await send(me, route, pathOf(route))).status).toBe(200);
  },
);

it.each(LISTING.filter(({ operationId }) => !STREAMS.has(operationId)))(
  '$path ($operationId) lists nothing of another tenant',
  async (route) => {
    const { status, text } = await send(stranger, route, route.path);
    expect(status).toBe(200);
    for (const mark of mine.marks) expect(text).not.toContain(mark);
  },
);

it('operators of the default tenant have no view into the others either', async () => {
  for (const route of NAMING) expect((await send(app.api, route, pathOf(route))).status).toBe(404);
});
