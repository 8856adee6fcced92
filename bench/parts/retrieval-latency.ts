import type { NestExpressApplication } from '@nestjs/platform-express';
import { DataSource } from 'typeorm';
import { createApp, serve } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/index.js';
import { Embeddings } from '../../src/modules/embeddings/index.js';
import { type Collection, CollectionsService, SearchService } from '../../src/modules/rag/index.js';
import { TextSearch } from '../../src/modules/rag/retrieval/text-search.js';
import { VectorIndexes } from '../../src/modules/rag/retrieval/vector-indexes.js';
import { VectorSearch } from '../../src/modules/rag/retrieval/vector-search.js';
import { createLogger } from '../../src/platform/logging/index.js';
import type { Part } from '../lib/bench-context.js';
import { ChunkFiller } from '../lib/chunk-filler.js';
import { scratchDir } from '../lib/paths.js';
import { number, print, table } from '../lib/report.js';
import { runAlone } from '../lib/run-alone.js';
import { percentile } from '../lib/statistics.js';

const DIMENSIONS = 512;
const TOP_K = 5;
/** What hybrid asks of each side. */
const CANDIDATES = 50;
const TIMES = 60;
/** What takes long is not asked as often. */
const LONGEST_MS = 15_000;
const SIZES_QUICK = [1_000];

interface Side {
  readonly name: string;
  readonly url?: string;
  readonly sizes: readonly number[];
}

/** The application with a collection of so many chunks in it, in this process. */
interface Filled {
  readonly app: NestExpressApplication;
  readonly collection: Collection;
  readonly filler: ChunkFiller;
  readonly dataSource: DataSource;
}

/** (l) What a query takes, from a thousand chunks to a hundred thousand. */
export const retrievalLatency: Part = {
  key: 'l',
  title: '(l) queries over 1,000 to 100,000 chunks, in the process, without the time that a model needs for the query',
  async run(context) {
    const postgres = await context.postgres();
    const { pgvector, exact } = sizes();
    const rows: string[][] = [];
    const sides: Side[] = [
      { name: 'pgvector (PGlite)', sizes: context.options.quick ? SIZES_QUICK : pgvector },
      { name: 'without (Postgres)', url: await postgres.createDatabase(), sizes: context.options.quick ? SIZES_QUICK : exact },
    ];
    for (const side of sides) {
      const app = await open(side.url);
      for (const size of side.sizes) {
        const filled = await fill(app, size);
        for (const [what, ask] of questions(filled, side.url === undefined))
          rows.push(told([side.name, number(size), what, ...(await timed(ask))]));
      }
      if (side.url === undefined) rows.push(told(['', '', 'the local model reads a query', ...(await timed(embedding(app)))]));
      await app.close();
    }
    table(['', 'chunks', '', 'p50 ms', 'p95 ms', 'times'], rows);
  },
};

/** `BENCH_CHUNKS=1000,10000,100000` and `BENCH_CHUNKS_EXACT=…`: an index of 100,000 takes the embedded database many minutes. */
function sizes(): { pgvector: number[]; exact: number[] } {
  const read = (name: string, usual: number[]): number[] => process.env[name]?.split(',').filter(Boolean).map(Number) ?? usual;
  return { pgvector: read('BENCH_CHUNKS', [1_000, 10_000, 100_000]), exact: read('BENCH_CHUNKS_EXACT', [1_000, 10_000, 100_000]) };
}

async function open(url: string | undefined): Promise<NestExpressApplication> {
  const config = loadConfig({
    HEDDLE_PORT: '0',
    HEDDLE_DATA_DIR: scratchDir('data'),
    HEDDLE_LOG_LEVEL: 'error',
    ...(url === undefined ? {} : { DATABASE_URL: url }),
  });
  const app = await createApp(config, createLogger(config));
  await serve(app, config);
  return app;
}

async function fill(app: NestExpressApplication, size: number): Promise<Filled> {
  const collections = app.get(CollectionsService, { strict: false });
  const name = `chunks-${size}`;
  await collections.create({ tenant: 'default' } as never, { name });
  const collection = await collections.find('default', name);
  const filler = new ChunkFiller(DIMENSIONS);
  const dataSource = app.get(DataSource, { strict: false });
  const startedAt = performance.now();
  await filler.fill(dataSource, collection, size);
  const filledAt = performance.now();
  await app.get(VectorIndexes, { strict: false }).ensure(collection);
  print(
    `${number(size)} chunks in ${number((filledAt - startedAt) / 1000)} s, their index in ${number((performance.now() - filledAt) / 1000)} s`,
  );
  return { app, collection, filler, dataSource };
}

function questions({ app, collection, filler, dataSource }: Filled, pgvector: boolean): [string, () => Promise<unknown>][] {
  const signal = new AbortController().signal;
  const limits = { limit: CANDIDATES, filter: null };
  const words = app.get(TextSearch, { strict: false });
  const vectors = app.get(VectorSearch, { strict: false });
  const searches = app.get(SearchService, { strict: false });
  const query = (): string => filler.text(6);
  const hybrid = { mode: 'hybrid', topK: TOP_K, scoreThreshold: 0, rerank: false } as const;
  const nearest = pgvector
    ? `SELECT id FROM rag_chunks WHERE collection_id = '${collection.id}'
       ORDER BY embedding::vector(${DIMENSIONS}) <=> $1::real[]::vector(${DIMENSIONS}) LIMIT ${CANDIDATES}`
    : `SELECT id FROM rag_chunks WHERE collection_id = '${collection.id}'
       ORDER BY (SELECT sum(a * b) FROM unnest(embedding, $1::real[]) AS u (a, b)) DESC LIMIT ${CANDIDATES}`;
  return [
    ['vector', () => vectors.search(collection, filler.vector(), limits)],
    ['vector, bare SQL', () => dataSource.query(nearest, [Array.from(filler.vector())])],
    ['text', () => words.search(collection, query(), limits)],
    [
      'text, bare SQL (ts_rank)',
      () =>
        dataSource.query(
          `SELECT id FROM rag_chunks WHERE collection_id = $1 AND words @@ $2::tsquery ORDER BY ts_rank(words, $2::tsquery) DESC LIMIT ${CANDIDATES}`,
          [collection.id, query().replaceAll(' ', ' | ')],
        ),
    ],
    [
      'hybrid, with texts',
      () => {
        // The vector is there at once.
        const embedder = { batchSize: 1, embed: () => Promise.resolve([filler.vector()]) };
        app.get(Embeddings, { strict: false }).embedder = () => embedder;
        return searches.search(collection, { ...hybrid, query: query() }, signal);
      },
    ],
  ];
}

function embedding(app: NestExpressApplication): () => Promise<unknown> {
  const embeddings = app.get(Embeddings, { strict: false });
  const embedder = Embeddings.prototype.embedder.call(embeddings, 'default', { provider: 'local', model: '' });
  return () => embedder.embed(['How many days of leave are there in a year?'], new AbortController().signal);
}

/** At once: the next size may take minutes. */
function told(row: string[]): string[] {
  print(`  ${row.join('  ')}`);
  return row;
}

async function timed(ask: () => Promise<unknown>): Promise<string[]> {
  const times: number[] = [];
  const startedAt = performance.now();
  for (let warm = 0; warm < 3; warm += 1) await ask();
  while (times.length < TIMES && (times.length < 3 || performance.now() - startedAt < LONGEST_MS)) {
    const before = performance.now();
    await ask();
    times.push(performance.now() - before);
  }
  return [number(percentile(times, 0.5)), number(percentile(times, 0.95)), String(times.length)];
}

await runAlone(import.meta, retrievalLatency);
