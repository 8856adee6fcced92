import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { EmbeddingEndpoint } from '../support/embedding-endpoint.js';
import { eventually, runToEnd, storeWorkflow, type RunBody } from '../support/runs.js';

interface Results {
  readonly results: readonly { text: string; score: number; metadata: Record<string, unknown>; document_id: string; chunk_index: number }[];
}

const NUL = String.fromCodePoint(0);
const HALF = '\uD83D';
let app: TestApp;
let api: ApiClient;
let endpoint: Server;
let base: string;
/** Bodies that the embedding endpoint and the reranker were sent. */
const asked: { path: string | undefined; key: string | undefined; body: Record<string, unknown> }[] = [];
let failures = 0;

/** Six numbers from -1 to 1 that depend on the text only. */
function noise(of: string): number[] {
  return [...createHash('sha256').update(of).digest().subarray(0, 6)].map((byte) => byte / 127.5 - 1);
}

/** An embedding model that knows cats, and a reranker that likes short texts. Both answer in an order of their own. */
function answerTo(path: string | undefined, body: { input?: string[]; documents?: string[] }): object {
  if (path === '/v1/rerank') {
    const results = (body.documents ?? []).map((each, index) => ({ index, relevance_score: 1 / each.length }));
    return { results: results.toReversed() };
  }
  const data = (body.input ?? []).map((each, index) => ({ index, embedding: [/cat/i.test(each) ? 9 : 0, ...noise(each)] }));
  return { data: data.toReversed() };
}

beforeAll(async () => {
  endpoint = createServer((request, response) => {
    void text(request).then((received) => {
      const body = JSON.parse(received) as { input?: string[]; documents?: string[] };
      asked.push({ path: request.url, key: request.headers.authorization, body });
      failures -= 1;
      response.writeHead(failures >= 0 ? 503 : 200).end(JSON.stringify(answerTo(request.url, body)));
    });
  }).listen(0, '127.0.0.1');
  await once(endpoint, 'listening');
  base = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/v1`;
  app = await startApp({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1', RERANK_API_KEY: 'sk-rerank' } });
  ({ api } = app);
});
afterAll(async () => {
  await app?.close();
  endpoint?.close();
});

const FACTS: Record<string, string> = {
  moon: 'The Moon is the only natural satellite of the Earth. It goes round once a month, and the tides follow it.',
  bread: 'Bread is baked of flour, water, salt and yeast. Sourdough rises without bought yeast.',
  trains: 'The first public railway with steam engines opened in England in 1825, between Stockton and Darlington.',
  cats: 'A cat sleeps for more than half of the day and hunts at dawn and dusk.',
};

async function collection(name: string, more: object = {}): Promise<void> {
  const { status, body } = await api.post('/rag/collections', { name, ...more });
  expect({ status, body }).toMatchObject({ status: 201 });
}
async function ingest(name: string, documents: object[], more: object = {}): Promise<Record<string, number>> {
  const { status, body } = await api.post<Record<string, number>>(`/rag/collections/${name}/documents`, { documents, ...more });
  expect({ status, body }).toMatchObject({ status: 200 });
  return body;
}
async function query(name: string, body: object): Promise<Results['results']> {
  const answer = await api.post<Results>(`/rag/collections/${name}/query`, body);
  expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 200 });
  return answer.body.results;
}
const facts = Object.entries(FACTS).map(([id, text], index) => ({ id, text, metadata: { topic: id, nth: index, tags: ['fact', id] } }));

describe('a collection', () => {
  it('finds by meaning, by words and by both, with no network and no key', async () => {
    await collection('facts');
    expect(await ingest('facts', facts)).toEqual({ documents_ingested: 4, chunks_created: 4, documents_unchanged: 0 });
    for (const mode of ['vector', 'text', 'hybrid']) {
      expect((await query('facts', { query: 'When did the first steam railway open?', mode }))[0]).toMatchObject({
        document_id: 'trains',
        chunk_index: 0,
      });
    }
    expect((await query('facts', { query: 'an animal that is lazy', mode: 'vector' }))[0]?.document_id).toBe('cats');
    expect(await query('facts', { query: 'Zwetschgendatschi', mode: 'text' })).toEqual([]);
    const { body } = await api.get('/rag/collections/facts');
    expect(body).toMatchObject({ documents: 4, chunks: 4, embedding: { provider: 'local', dimensions: 512 }, language: 'english' });
  });

  it('honours top_k, the threshold and filters', async () => {
    const all = await query('facts', { query: 'the moon and the tides', mode: 'vector', score_threshold: -1 });
    expect(all).toHaveLength(4);
    expect(all.map(({ score }) => score)).toEqual(all.map(({ score }) => score).toSorted((a, b) => b - a));
    expect(await query('facts', { query: 'the moon and the tides', mode: 'vector', top_k: 2 })).toHaveLength(2);
    const second = all[1]?.score ?? 0;
    expect(await query('facts', { query: 'the moon and the tides', mode: 'vector', score_threshold: second })).toHaveLength(2);
    expect(await query('facts', { query: 'the moon and the tides', mode: 'vector', score_threshold: second + 0.0001 })).toHaveLength(1);

    const filtered = async (filter: object): Promise<string[]> =>
      (await query('facts', { query: 'anything at all', mode: 'vector', score_threshold: -1, filter }))
        .map(({ document_id }) => document_id)
        .toSorted();
    expect(await filtered({ topic: 'cats' })).toEqual(['cats']);
    expect(await filtered({ tags: 'bread' })).toEqual(['bread']);
    expect(await filtered({ nth: { $gte: 1, $lt: 3 } })).toEqual(['bread', 'trains']);
    expect(await filtered({ topic: { $in: ['cats', 'moon'] } })).toEqual(['cats', 'moon']);
    expect(await filtered({ $or: [{ topic: 'cats' }, { $and: [{ nth: 1 }, { tags: 'fact' }] }] })).toEqual(['bread', 'cats']);
    expect(await filtered({ $not: { topic: { $nin: ['moon'] } } })).toEqual(['moon']);
    expect(await filtered({ other: { $exists: false }, topic: { $ne: 'moon' } })).toEqual(['bread', 'cats', 'trains']);
    expect(await filtered({ 'a.b': { $exists: true } })).toEqual([]);
    expect(await filtered({ topic: `x" || 1 == 1 || $."topic" == "` })).toEqual([]);
    for (const mode of ['text', 'hybrid']) {
      expect(
        (await query('facts', { query: 'moon tides railway', mode, filter: { topic: 'trains' } })).map((found) => found.document_id),
      ).toEqual(['trains']);
    }
  });

  it('takes the same document once, and another content in place of the one before', async () => {
    expect(await ingest('facts', facts)).toEqual({ documents_ingested: 0, chunks_created: 0, documents_unchanged: 4 });
    const moon = { id: 'moon', text: `The Moon has no air. ${'It is dusty there. '.repeat(60)}` };
    expect(await ingest('facts', [moon], { chunking: { strategy: 'sentence', chunk_size: 300, chunk_overlap: 0 } })).toMatchObject({
      documents_ingested: 1,
    });
    expect(await query('facts', { query: 'tides', mode: 'text' })).toEqual([]);
    expect((await query('facts', { query: 'dusty air', mode: 'text' }))[0]?.document_id).toBe('moon');

    const unnamed = { text: 'A document without an id has the one of its content.' };
    expect(await ingest('facts', [unnamed, unnamed])).toMatchObject({ documents_ingested: 1 });
    const { body } = await api.get<{ data: { id: string; chunks: number; status: string }[] }>('/rag/collections/facts/documents', {
      query: { limit: '2' },
    });
    expect(body.data).toHaveLength(2);
    const named = await api.get<{ text: string; chunks: number }>('/rag/collections/facts/documents/moon');
    expect(named.body).toMatchObject({ text: moon.text, status: 'indexed', chunking: { strategy: 'sentence', chunk_size: 300 } });
    expect(named.body.chunks).toBeGreaterThan(3);
    expect((await api.delete('/rag/collections/facts/documents/moon')).status).toBe(204);
    expect(await query('facts', { query: 'dusty air', mode: 'text' })).toEqual([]);
    expect((await api.get('/rag/collections/facts/documents/moon')).status).toBe(404);
  });

  it('knows the headings of markdown', async () => {
    await collection('manual', { chunking: { strategy: 'markdown', chunk_size: 400 } });
    await ingest('manual', [{ id: 'm', text: '# Pumps\n\n## Cleaning\n\nUse warm water.\n\n## Storage\n\nKeep it dry.\n' }]);
    expect((await query('manual', { query: 'cleaning', mode: 'text' }))[0]).toMatchObject({
      metadata: { headings: ['Pumps', 'Cleaning'] },
    });
  });

  it('tells every field that is wrong', async () => {
    const faults = async (path: string, body: object): Promise<unknown> => {
      const answer = await api.post<{ errors: { path: string }[] }>(path, body);
      return [answer.status, answer.body.errors?.map((each) => each.path)];
    };
    expect(await faults('/rag/collections', { name: 'a/b' })).toEqual([422, ['/name']]);
    expect(await faults('/rag/collections', { name: 'a', language: 'klingon' })).toEqual([422, ['/language']]);
    expect(await faults('/rag/collections', { name: 'a', chunking: { chunk_size: 100, chunk_overlap: 100 } })).toEqual([
      422,
      ['/chunking/chunk_overlap'],
    ]);
    expect(await faults('/rag/collections', { name: 'a', embedding: { provider: 'openai_compatible', model: 'x' } })).toEqual([
      422,
      ['/embedding/base_url'],
    ]);
    expect(await faults('/rag/collections/facts/documents', { documents: [] })).toEqual([422, ['/documents']]);
    expect(await faults('/rag/collections/facts/documents', { documents: [{ text: 'a' }, { text: '' }] })).toEqual([
      422,
      ['/documents/1/text'],
    ]);
    expect(await faults('/rag/collections/facts/query', { query: 'x', filter: { $near: 1, a: { $gt: [] } } })).toEqual([
      422,
      ['/filter/$near', '/filter/a/$gt'],
    ]);
    expect(await faults('/rag/collections/none/query', { query: 'x' })).toEqual([404, undefined]);
    expect(await faults('/rag/collections', { name: 'facts' })).toEqual([409, undefined]);
  });

  it('goes with everything in it', async () => {
    await collection('gone');
    await ingest('gone', facts);
    expect((await api.delete('/rag/collections/gone')).status).toBe(204);
    expect((await api.get('/rag/collections/gone')).status).toBe(404);
    await collection('gone');
    expect(await query('gone', { query: 'moon', mode: 'vector' })).toEqual([]);
  });
});

describe('an embedding endpoint', () => {
  it('is asked in batches; its vectors are measured and found by', async () => {
    await collection('remote', { embedding: { provider: 'openai_compatible', model: 'any', base_url: base } });
    expect((await api.get('/rag/collections/remote')).body).toMatchObject({ embedding: { dimensions: 7, model: 'any' } });
    await ingest('remote', facts);
    expect((await query('remote', { query: 'cat', mode: 'vector' }))[0]?.document_id).toBe('cats');
    expect(asked.every(({ path, body }) => path === '/v1/embeddings' && body['model'] === 'any')).toBe(true);
    expect(asked.some(({ body }) => (body['input'] as string[]).length === 1)).toBe(true);
  });

  it('that fails is a 503, and the documents can be handed in again', async () => {
    failures = 1;
    const again = [{ id: 'late', text: 'A cat that comes late.' }];
    expect((await api.post('/rag/collections/remote/documents', { documents: again })).status).toBe(503);
    expect((await api.get('/rag/collections/remote/documents/late')).body).toMatchObject({ status: 'pending', chunks: null });
    expect(await ingest('remote', again)).toMatchObject({ documents_ingested: 1 });
  });

  it('may be followed by a reranker', async () => {
    const reranker = { model: 'r', base_url: base, api_key_env: 'RERANK_API_KEY' };
    await collection('ranked', { reranker });
    await ingest('ranked', facts);
    const found = await query('ranked', { query: 'moon', rerank: true, top_k: 2 });
    expect(found.map(({ document_id }) => document_id)).toEqual(['cats', 'bread']);
    expect(asked.at(-1)?.key).toBe('Bearer sk-rerank');
    expect(found[0]?.score).toBeCloseTo(1 / (FACTS['cats'] ?? '').length, 6);
  });
});

describe('what cannot be kept', () => {
  it.each([
    ['/documents', { documents: [{ text: 'fine' }, { id: 'x', text: `a${NUL}b` }] }, '/documents/1/text', 'nul_character'],
    ['/documents', { documents: [{ text: 'a', metadata: { deep: [HALF] } }] }, '/documents/0/metadata/deep/0', 'lone_surrogate'],
    ['/query', { query: `what${HALF}?` }, '/query', 'lone_surrogate'],
    ['/query', { query: 'what?', filter: { source: NUL } }, '/filter/source', 'nul_character'],
  ])('POST %s names its field', async (path, body, field, code) => {
    await api.post('/rag/collections', { name: 'kept' });
    const answer = await api.post<{ errors: object[] }>(`/rag/collections/kept${path}`, body);
    expect({ status: answer.status, errors: answer.body.errors }).toMatchObject({ status: 422, errors: [{ path: field, code }] });
  });

  it('fails a step, which says where', async () => {
    await storeWorkflow(api, {
      name: 'demo/odd',
      nodes: [
        {
          id: 'make',
          type: 'code.javascript',
          config: { source: `return [{ text: 'a' }, { text: 'b' + String.fromCharCode(0xd83d) + 'c' }]` },
        },
        { id: 'put', type: 'rag.ingest', needs: ['make'], config: { collection: 'kept', documents: '{{ nodes.make.output }}' } },
      ],
    });
    const run = await runToEnd(api, 'demo/odd');
    expect(run).toMatchObject({ status: 'failed', error: { code: 'unstorable_text' } });
    expect(run.error?.message).toContain('documents/1/text');
  });
});

describe('workflows', () => {
  it('put documents in and find them', async () => {
    await collection('from-runs');
    await storeWorkflow(api, {
      name: 'demo/learn',
      inputs: { type: 'object' },
      nodes: [
        { id: 'put', type: 'rag.ingest', config: { collection: 'from-runs', documents: '{{ inputs.documents }}' } },
        { id: 'ask', type: 'rag.query', needs: ['put'], config: { collection: 'from-runs', query: '{{ inputs.question }}', top_k: 1 } },
      ],
      outputs: { put: '{{ nodes.put.output }}', best: '{{ nodes.ask.output.results[0].document_id }}' },
    });
    const run = await runToEnd(api, 'demo/learn', { inputs: { documents: facts, question: 'How is bread made?' } });
    expect(run).toMatchObject({ status: 'success', outputs: { put: { documents_ingested: 4, chunks_created: 4 }, best: 'bread' } });
    const { body } = await api.get<{ data: { type: string; data: Record<string, unknown> }[] }>(`/runs/${run.id}/events`);
    expect(body.data.filter(({ type }) => type === 'step.output').map(({ data }) => data['progress'])).toContainEqual({
      documents: 4,
      documents_total: 4,
      chunks: 4,
    });
  });
});

describe('a large ingest', () => {
  it('stops when it is cancelled: what is embedded is given up, and nothing more is', async () => {
    const slow = await EmbeddingEndpoint.start();
    await collection('stopped', { embedding: slow.spec, chunking: { strategy: 'fixed', chunk_size: 200, chunk_overlap: 0 } });
    const text = (at: number): string => Array.from({ length: 70 }, (_, line) => `${at} ${line} `.padEnd(199, 'x')).join('\n');
    slow.hold(2);
    const documents = Array.from({ length: 12 }, (_, at) => ({ id: `d${at}`, text: text(at) }));
    const accepted = await api.post<RunBody>('/rag/collections/stopped/documents', { documents });
    expect(accepted.status).toBe(202);
    await eventually(
      () => Promise.resolve(slow.calls.length),
      (calls) => calls === 3,
    );
    expect((await api.post(`/runs/${accepted.body.id}/cancel`)).status).toBe(202);
    await eventually(
      async () => (await api.get<RunBody>(`/runs/${accepted.body.id}`)).body.status,
      (status) => status === 'cancelled',
    );
    slow.release();
    expect(slow.calls).toHaveLength(3);
    const { body } = await api.get<{ data: { status: string }[] }>('/rag/collections/stopped/documents', { query: { limit: 50 } });
    expect(body.data.filter(({ status }) => status === 'indexed')).toHaveLength(1);
    slow.stop();
  });
});

describe('a large collection', () => {
  it('is found in by an index, filters included', async () => {
    await collection('many', { embedding: { provider: 'openai_compatible', model: 'any', base_url: base } });
    const documents = Array.from({ length: 2_100 }, (_, at) => ({ id: `d${at}`, text: `Number ${at}`, metadata: { odd: at % 2 } }));
    for (let at = 0; at < documents.length; at += 1_000) await ingest('many', documents.slice(at, at + 1_000));
    const found = await query('many', { query: 'Number 7', mode: 'vector', score_threshold: -1 });
    expect(found[0]).toMatchObject({ document_id: 'd7' });
    expect(found).toHaveLength(5);
    const odd = await query('many', { query: 'Number 7', mode: 'vector', filter: { odd: 1 }, score_threshold: -1 });
    expect(odd).toHaveLength(5);
    expect(odd.every(({ metadata }) => metadata['odd'] === 1)).toBe(true);
    expect((await api.delete('/rag/collections/many')).status).toBe(204);
  });
});
