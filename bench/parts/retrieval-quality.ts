import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chunked, type ChunkingStrategy } from '../../src/modules/rag/chunking/index.js';
import { DEFAULT_CHUNKING } from '../../src/modules/rag/dto/collection.dto.js';
import { inContext } from '../../src/modules/rag/ingest.service.js';
import type { Part } from '../lib/bench-context.js';
import { HeddleServer } from '../lib/heddle-server.js';
import { ROOT } from '../lib/paths.js';
import { print, table } from '../lib/report.js';
import { runAlone } from '../lib/run-alone.js';
import { TfIdf } from '../lib/tf-idf.js';

const EXAMPLE = join(ROOT, 'examples', 'rag');
const CORPUS = join(EXAMPLE, 'constitution');
const STRATEGIES = ['recursive', 'markdown'] as const;
const MODES = ['vector', 'text', 'hybrid'] as const;
/** Places that count for the mean reciprocal rank. */
const DEPTH = 10;
const RECALL_AT = 5;

interface Question {
  readonly question: string;
  readonly file: string;
  /** Words of the file that the chunk which answers has. */
  readonly quote: string;
}

interface Piece {
  readonly file: string;
  readonly text: string;
}

/** Per question the place of the first chunk that answers it, from 1; 0 when none of the first ten does. */
type Places = readonly number[];

/** (k) Whether what is asked for is found. */
export const retrievalQuality: Part = {
  key: 'k',
  title: '(k) answers found in the Constitution of the United States',
  async run(context) {
    const documents = readdirSync(CORPUS).map((file) => ({ id: file, text: readFileSync(join(CORPUS, file), 'utf8') }));
    const questions = JSON.parse(readFileSync(join(EXAMPLE, 'questions.json'), 'utf8')) as Question[];
    const server = await context.own(HeddleServer.start({}));
    const rows: string[][] = [];
    for (const strategy of STRATEGIES) {
      const chunks = await post<{ chunks_created: number }>(server, '/rag/collections', { name: strategy, chunking: { strategy } }).then(
        () => post<{ chunks_created: number }>(server, `/rag/collections/${strategy}/documents`, { documents }),
      );
      print(`${strategy}: ${documents.length} documents, ${chunks.chunks_created} chunks, ${questions.length} questions`);
      rows.push(row(strategy, 'TF-IDF cosine', await byTfIdf(strategy, documents, questions)));
      for (const mode of MODES) rows.push(row(strategy, mode, await byServer(server, strategy, mode, questions)));
    }
    table(['chunking', 'search', `recall@${RECALL_AT}`, 'found', `MRR@${DEPTH}`], rows);
  },
};

function row(strategy: string, name: string, places: Places): string[] {
  const found = places.filter((place) => place > 0 && place <= RECALL_AT).length;
  const reciprocal = places.reduce((sum, place) => sum + (place > 0 ? 1 / place : 0), 0) / places.length;
  return [strategy, name, (found / places.length).toFixed(3), `${found} of ${places.length}`, reciprocal.toFixed(3)];
}

async function byServer(server: HeddleServer, collection: string, mode: string, questions: readonly Question[]): Promise<Places> {
  const places: number[] = [];
  for (const question of questions) {
    const { results } = await post<{ results: { document_id: string; text: string }[] }>(server, `/rag/collections/${collection}/query`, {
      query: question.question,
      mode,
      top_k: DEPTH,
    });
    places.push(
      placeOf(
        question,
        results.map(({ document_id: file, text }) => ({ file, text })),
      ),
    );
  }
  return places;
}

/** Over the same chunks with the same headings. */
async function byTfIdf(
  strategy: ChunkingStrategy,
  documents: readonly { readonly id: string; readonly text: string }[],
  questions: readonly Question[],
): Promise<Places> {
  const pieces = new Map<string, Piece>();
  const texts: { name: string; text: string }[] = [];
  for (const { id: file, text } of documents) {
    for (const chunk of await chunked(text, { ...DEFAULT_CHUNKING, strategy }, async () => [])) {
      const name = `${file} ${chunk.start}`;
      pieces.set(name, { file, text: chunk.text });
      texts.push({ name, text: inContext(chunk) });
    }
  }
  const index = new TfIdf(texts);
  return questions.map((question) =>
    placeOf(
      question,
      index.search(question.question, DEPTH).map((name) => pieces.get(name) as Piece),
    ),
  );
}

function placeOf({ file, quote }: Question, found: readonly Piece[]): number {
  return found.findIndex((piece) => piece.file === file && piece.text.includes(quote)) + 1;
}

async function post<T>(server: HeddleServer, path: string, body: object): Promise<T> {
  const response = await fetch(`${server.url}/api/v1${path}`, { method: 'POST', headers: server.headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

await runAlone(import.meta, retrievalQuality);
