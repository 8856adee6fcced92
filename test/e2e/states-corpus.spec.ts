import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCorpus, type CorpusCase } from '../../src/engine/testing/states-corpus.js';
import { startApp, type TestApp } from '../support/index.js';
import { runToEnd, type RunBody } from '../support/runs.js';

interface Step {
  path: string;
  status: string;
  attempt: number;
}
type FailedRun = RunBody & { error: { code: string; message: string; details?: unknown } | null };

const cases = readCorpus(join(import.meta.dirname, '../fixtures/states'));
const isAwf = ({ expected }: CorpusCase): boolean => expected.dialect === 'awf';
/** Commands are run for definitions from a directory only. */
const isFile = (corpusCase: CorpusCase): boolean => isAwf(corpusCase) || corpusCase.expected.shell === true;

let app: TestApp;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'heddle-corpus-'));
  for (const { name, text } of cases.filter(isFile)) writeFileSync(join(directory, `${name}.yaml`), text);
  app = await startApp({ env: { HEDDLE_WORKFLOWS_DIR: `corpus=${directory}`, HEDDLE_EXPRESSION_ENV: 'REGION', REGION: 'eu' } });
});
afterAll(async () => {
  await app?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('every state machine of the corpus, through the API', () => {
  it('is there when it lies in a directory, also in the YAML of AWF', async () => {
    const { body } = await app.api.get<{ data: { name: string; kind: string }[] }>('/workflows', {
      query: { source: 'fs:corpus', limit: 500 },
    });
    expect(body.data.map(({ name }) => name).toSorted()).toEqual(cases.filter(isFile).map(nameOf).toSorted());
    expect(body.data.every(({ kind }) => kind === 'states')).toBe(true);
  });

  it.each(cases.map((corpusCase) => [corpusCase.name, corpusCase] as const))('%s', async (_, corpusCase) => {
    const { expected } = corpusCase;
    const run = (await runToEnd(app.api, await stored(corpusCase), { inputs: expected.inputs ?? {} })) as FailedRun;
    expect({ status: run.status, error: run.status === expected.ends ? undefined : run.error }).toEqual({ status: expected.ends });
    if (expected.outputs !== undefined) expect(run.outputs).toEqual(expected.outputs);
    if (expected.error?.code !== undefined) expect(run.error?.code).toBe(expected.error.code);
    if (expected.error?.message !== undefined) expect(run.error?.message).toContain(expected.error.message);
    if (expected.details !== undefined) expect(run.error?.details).toEqual(expected.details);
    await compareSteps(run.id, corpusCase);
  });
});

function nameOf(corpusCase: CorpusCase): string {
  return isAwf(corpusCase) ? `default/${corpusCase.name}` : `states/${corpusCase.name}`;
}

async function stored(corpusCase: CorpusCase): Promise<string> {
  if (isFile(corpusCase)) return nameOf(corpusCase);
  const headers = { 'content-type': 'application/yaml' };
  const answer = await app.api.post<{ id: string }>('/workflows', undefined, { raw: corpusCase.text, headers });
  expect([answer.status, answer.body]).toEqual([201, expect.objectContaining({ kind: 'states' })]);
  return answer.body.id;
}

async function compareSteps(runId: string, { expected }: CorpusCase): Promise<void> {
  const { steps = {}, absent = [], attempts = {}, logs = [] } = expected;
  const { body } = await app.api.get<{ data: Step[] }>(`/runs/${runId}/steps`, { query: { limit: 500 } });
  const found = new Map(body.data.map((step) => [step.path, step]));
  expect(Object.fromEntries(Object.keys(steps).map((path) => [path, found.get(path)?.status]))).toEqual(steps);
  expect(absent.filter((path) => found.has(path))).toEqual([]);
  expect(Object.fromEntries(Object.keys(attempts).map((path) => [path, found.get(path)?.attempt]))).toEqual(attempts);
  const { body: lines } = await app.api.get<{ data: { message: string }[] }>(`/runs/${runId}/logs`, { query: { limit: 500 } });
  expect(lines.data.map(({ message }) => message)).toEqual(expect.arrayContaining([...logs]));
}
