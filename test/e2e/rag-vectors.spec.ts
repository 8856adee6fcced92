import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddingEndpoint } from '../support/embedding-endpoint.js';
import { realPostgres, startApp, type ApiClient, type RealPostgres, type TestApp } from '../support/index.js';

/** The ways in which vectors are searched: an index of pgvector, `halfvec` for long ones, and exactly, without the extension. */

interface Found {
  readonly document_id: string;
  readonly score: number;
}
interface Doctor {
  readonly checks: readonly { name: string; status: string; message: string; details: Record<string, unknown> }[];
}

const MANY = 2_200;
/** Enough of the long ones for an index. */
const SOME = 520;
const env = { HEDDLE_EGRESS_ALLOW: '127.0.0.1' };

async function fill(api: ApiClient, name: string, embedding: object, count: number): Promise<void> {
  expect((await api.post('/rag/collections', { name, embedding })).status).toBe(201);
  for (let at = 0; at < count; at += 1_000) {
    const documents = Array.from({ length: Math.min(1_000, count - at) }, (_, index) => ({
      id: `d${at + index}`,
      text: `Number ${at + index}`,
      metadata: { odd: (at + index) % 2 },
    }));
    expect((await api.post(`/rag/collections/${name}/documents`, { documents })).status).toBe(200);
  }
}

async function found(api: ApiClient, name: string, body: object): Promise<Found[]> {
  const answer = await api.post<{ results: Found[] }>(`/rag/collections/${name}/query`, { mode: 'vector', score_threshold: -1, ...body });
  expect(answer.status).toBe(200);
  return answer.body.results;
}

/** What every way has to find: the text itself, at a cosine of 1, and enough others. */
async function findsRightly(api: ApiClient, name: string): Promise<void> {
  const results = await found(api, name, { query: 'Number 7', top_k: 10 });
  expect(results[0]?.document_id).toBe('d7');
  expect(results[0]?.score).toBeCloseTo(1, 2);
  expect(results).toHaveLength(10);
  expect(results.map(({ score }) => score)).toEqual(results.map(({ score }) => score).toSorted((a, b) => b - a));
  const odd = await found(api, name, { query: 'Number 7', top_k: 10, filter: { odd: 1 } });
  expect(odd).toHaveLength(10);
  expect(odd.every(({ document_id: id }) => Number(id.slice(1)) % 2 === 1)).toBe(true);
}

const vectorsCheck = async (api: ApiClient): Promise<Doctor['checks'][number] | undefined> =>
  (await api.get<Doctor>('/system/doctor')).body.checks.find(({ name }) => name === 'vectors');

let short: EmbeddingEndpoint;
let long: EmbeddingEndpoint;

beforeAll(async () => {
  [short, long] = await Promise.all([EmbeddingEndpoint.start(), EmbeddingEndpoint.start({ dimensions: 2_100 })]);
});
afterAll(() => {
  short?.stop();
  long?.stop();
});

describe('with pgvector', () => {
  let server: TestApp;

  beforeAll(async () => {
    server = await startApp({ env });
  });
  afterAll(() => server?.close());

  it('large collections have an index; long vectors are indexed at half precision', { timeout: 120_000 }, async () => {
    await fill(server.api, 'short', short.spec, MANY);
    await findsRightly(server.api, 'short');
    await fill(server.api, 'long', long.spec, SOME);
    await findsRightly(server.api, 'long');
    expect(await vectorsCheck(server.api)).toMatchObject({
      status: 'ok',
      details: { search: 'pgvector', chunks: MANY + SOME, indexes: 2 },
    });
    expect((await server.api.delete('/rag/collections/long')).status).toBe(204);
    expect(await vectorsCheck(server.api)).toMatchObject({ details: { indexes: 1 } });
  });
});

describe('without pgvector', () => {
  let postgres: RealPostgres;
  let server: TestApp;

  beforeAll(async () => {
    postgres = await realPostgres();
    server = await startApp({ env: { ...env, DATABASE_URL: await postgres.createDatabase() } });
  });
  afterAll(async () => {
    await server?.close();
    await postgres?.stop();
  });

  it('vectors are compared one by one, and the doctor says so', { timeout: 120_000 }, async () => {
    const { body } = await server.api.get<{ database: { pgvector: boolean } }>('/system/info');
    if (body.database.pgvector) return;
    await fill(server.api, 'short', short.spec, MANY);
    await findsRightly(server.api, 'short');
    expect(await vectorsCheck(server.api)).toMatchObject({ status: 'ok', details: { search: 'exact', chunks: MANY, indexes: 0 } });
    // Another collection's vectors are not in the way.
    await fill(server.api, 'few', short.spec, 3);
    expect((await found(server.api, 'few', { query: 'Number 7' })).map(({ document_id: id }) => id).toSorted()).toEqual(['d0', 'd1', 'd2']);
  });
});
