import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { astromesh } from './soak/astromesh.js';
import { awf } from './soak/awf.js';
import { flowengine } from './soak/flowengine.js';
import { flwd } from './soak/flwd.js';
import { meshflow } from './soak/meshflow.js';
import { type Journey, QUICK, type Seen, SLOW, type SoakClient } from './soak/soak-client.js';

/** How long the clients work: a minute shows more, ten seconds are enough to see that it works. */
const SOAK_MS = Number(process.env['HEDDLE_TEST_SOAK_MS'] ?? 10_000);
/** Every third journey is cancelled where that is possible. */
const CANCEL_EVERY = 3;

const CLIENTS: Readonly<Record<string, SoakClient>> = { astromesh, awf, flowengine, flwd, meshflow };

let server: TestApp;

beforeAll(async () => {
  const ports = Object.keys(CLIENTS).map((name) => `${name}=0`);
  server = await startApp({ env: { HEDDLE_COMPAT_PORTS: ports.join(','), HEDDLE_RATE_LIMIT: '1000000' } });
  for (const workflow of [QUICK, SLOW]) expect((await server.api.post('/workflows', workflow)).status).toBe(201);
});
afterAll(async () => {
  await server?.close();
});

/** One journey after the other until the time is over. */
async function travel(journey: Journey, until: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  while (Date.now() < until) seen.push(await journey(seen.length % CANCEL_EVERY === CANCEL_EVERY - 1));
  return seen;
}

/** Every run that there is, and its status. */
async function allRuns(): Promise<Map<string, string>> {
  const statuses = new Map<string, string>();
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: Record<string, string> = cursor === '' ? { limit: '500' } : { limit: '500', cursor };
    const { body } = await server.api.get<{ data: { id: string; status: string }[]; next_cursor: string | null }>('/runs', { query });
    for (const { id, status } of body.data) statuses.set(id, status);
    cursor = body.next_cursor;
  }
  return statuses;
}

it(
  `serves a client of each dialect at once for ${SOAK_MS} ms, without an error, and loses nothing`,
  async () => {
    const journeys = await Promise.all(Object.values(CLIENTS).map((make) => make(server)));
    const until = Date.now() + SOAK_MS;
    const seen = await Promise.all(journeys.map((journey) => travel(journey, until)));
    expect(seen.every((runs) => runs.length > 0)).toBe(true);
    expect(await allRuns()).toEqual(new Map(seen.flat().map(({ runId, status }) => [runId, status])));
    const cancelled = seen.flat().filter(({ status }) => status === 'cancelled');
    expect(cancelled).not.toHaveLength(0);
  },
  SOAK_MS + 120_000,
);
