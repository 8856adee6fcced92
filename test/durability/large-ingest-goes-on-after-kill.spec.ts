import { afterAll, beforeAll, expect, it } from 'vitest';
import { EmbeddingEndpoint } from '../support/embedding-endpoint.js';
import { startServer, type TestServer } from '../support/index.js';
import { eventually, type EventBody, type RunBody } from '../support/runs.js';

/**
 * Twelve documents are ingested in a run, and the process is killed while the seventh is being embedded. After the restart all
 * of them can be found, and only the one that was in flight was sent to the model twice.
 */

const DOCUMENTS = 12;
const CHUNKS = 70;

let endpoint: EmbeddingEndpoint;
let server: TestServer;

beforeAll(async () => {
  endpoint = await EmbeddingEndpoint.start();
  server = await startServer({ env: { HEDDLE_LEASE_MS: '1000', HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
});
afterAll(async () => {
  await server?.dispose();
  endpoint?.stop();
});

/** Lines of exactly 200 characters, a chunk each. */
const textOf = (document: number): string =>
  Array.from({ length: CHUNKS }, (_, line) => `document ${document} line ${line} `.padEnd(199, 'x')).join('\n');

const documentOf = (text: string): number => Number(/document (\d+)/.exec(text)?.[1]);

it('embeds nothing twice but what was in flight', { timeout: 120_000 }, async () => {
  const { api } = server;
  const chunking = { strategy: 'fixed', chunk_size: 200, chunk_overlap: 0 };
  expect((await api.post('/rag/collections', { name: 'books', embedding: endpoint.spec, chunking })).status).toBe(201);
  const documents = Array.from({ length: DOCUMENTS }, (_, at) => ({ id: `d${String(at).padStart(2, '0')}`, text: textOf(at) }));
  // Two calls a document: 64 chunks, and the 6 that are left.
  endpoint.hold(13);
  const accepted = await api.post<RunBody>('/rag/collections/books/documents', { documents });
  expect(accepted).toMatchObject({ status: 202, body: { workflow: { name: 'rag:index' } } });
  await eventually(
    () => Promise.resolve(endpoint.calls.length),
    (calls) => calls === 14,
  );
  await server.kill('SIGKILL');
  endpoint.release();
  await server.restart();

  const run = await eventually(
    async () => (await server.api.get<RunBody>(`/runs/${accepted.body.id}`)).body,
    ({ status }) => status !== 'running' && status !== 'waiting' && status !== 'queued',
    60_000,
  );
  expect(run).toMatchObject({
    status: 'success',
    outputs: { documents_ingested: DOCUMENTS, chunks_created: DOCUMENTS * CHUNKS, documents_unchanged: 0 },
  });
  const times = new Map<number, number>();
  for (const text of endpoint.calls.flat()) times.set(documentOf(text), (times.get(documentOf(text)) ?? 0) + 1);
  const twice = [...times].filter(([, chunks]) => chunks !== CHUNKS).map(([document]) => document);
  expect([times.size, twice]).toEqual([DOCUMENTS, [6]]);

  const { body } = await server.api.get<{ data: { status: string; chunks: number }[] }>('/rag/collections/books/documents');
  expect(body.data.map(({ status, chunks }) => [status, chunks])).toEqual(documents.map(() => ['indexed', CHUNKS]));
  const events = await server.api.get<{ data: EventBody[] }>(`/runs/${run.id}/events`, { query: { limit: '200' } });
  expect(JSON.stringify(events.body)).not.toContain('line 3');
  const progress = events.body.data.flatMap(({ data }) => (data['progress'] as { documents: number } | undefined)?.documents ?? []);
  expect(progress.at(-1)).toBe(DOCUMENTS);
});
