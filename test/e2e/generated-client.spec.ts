import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from '@hey-api/openapi-ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startApp, type TestApp } from '../support/index.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** What a user would write against the generated client. It is compiled with it, so a type that is wrong fails the test too. */
const DRIVER = `
import { client } from './client/client.gen.js';
import { createWorkflow, getRunStats, listRunEvents, listRunSteps, startRun, type CreateWorkflowData } from './client/index.js';

export async function mainJob(baseUrl: string, key: string, definitions: CreateWorkflowData['body'][], url: string) {
  client.setConfig({ baseUrl, auth: key });
  for (const body of definitions) await createWorkflow({ body, throwOnError: true });
  const { data: run } = await startRun({
    path: { ref: 'examples/api-inventory' }, query: { wait: '60s' }, body: { inputs: { url } }, throwOnError: true,
  });
  const steps = await listRunSteps({ path: { id: run.id }, throwOnError: true });
  const events = await listRunEvents({ path: { id: run.id }, query: { limit: 500 }, throwOnError: true });
  const stats = await getRunStats({ throwOnError: true });
  const missing = await startRun({ path: { ref: 'no/such' }, body: {} });
  return { run, steps: steps.data.data, events: events.data, stats: stats.data, problem: missing.error };
}
`;

interface Driven {
  run: { status: string; outputs: { operations: number; by_tag: Record<string, number>; by_method: Record<string, number> } };
  steps: { path: string; status: string }[];
  events: { data: { seq: number }[] };
  stats: { success: number };
  problem: { code: string; status: number };
}

let app: TestApp;
let folder: string;

beforeAll(async () => {
  app = await startApp({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1' } });
  folder = mkdtempSync(join(tmpdir(), 'heddle-client-'));
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

it('compiles, and does the main job', async () => {
  await createClient({
    input: join(ROOT, 'openapi.json'),
    output: { path: join(folder, 'client'), module: { extension: '.js' } },
    plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
    logs: { level: 'silent' },
  });
  writeFileSync(join(folder, 'driver.ts'), DRIVER);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const options = {
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    strict: true,
    types: [],
    outDir: 'out',
    rootDir: '.',
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['**/*.ts'] }));
  await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder]);

  const { mainJob } = (await import(/* @vite-ignore */ pathToFileURL(join(folder, 'out', 'driver.js')).href)) as {
    mainJob: (baseUrl: string, key: string, definitions: unknown[], url: string) => Promise<Driven>;
  };
  const definitions = ['api-inventory-tag', 'api-inventory'].map(
    (name) => parse(readFileSync(join(ROOT, 'examples', 'workflows', `${name}.yaml`), 'utf8')) as unknown,
  );
  const { run, steps, events, stats, problem } = await mainJob(app.url, app.adminKey, definitions, `${app.url}/openapi.json`);

  const document = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8')) as { paths: Record<string, Record<string, unknown>> };
  const operations = Object.values(document.paths).flatMap((path) => Object.keys(path).filter((key) => key !== 'parameters')).length;
  expect(run.status).toBe('success');
  expect(run.outputs.operations).toBe(operations);
  expect(Object.values(run.outputs.by_method).reduce((sum, count) => sum + count, 0)).toBe(operations);
  expect(Object.keys(run.outputs.by_tag)).toContain('runs');
  expect(steps.find((step) => step.path === 'report')?.status).toBe('success');
  expect(events.data.map((event) => event.seq)).toEqual(events.data.map((_, index) => index + 1));
  expect(stats.success).toBeGreaterThan(1);
  expect(problem).toMatchObject({ code: 'not_found', status: 404 });
});
