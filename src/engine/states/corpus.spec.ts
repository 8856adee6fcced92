import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JsonObject } from '../model/json.js';
import type { StatesDefinition } from '../model/states-definition.js';
import { EngineHarness, type EndedRun } from '../testing/engine-harness.js';
import { readCorpus, type CorpusCase } from '../testing/states-corpus.js';
import { createStatesInputsPreparer, translateAwf, validateStates } from './index.js';

const cases = readCorpus(join(import.meta.dirname, '../../../test/fixtures/states'));

describe('state machines', () => {
  it('has a corpus worth the name', () => {
    expect(cases.length).toBeGreaterThanOrEqual(40);
  });

  it.each(cases.map((corpusCase) => [corpusCase.name, corpusCase] as const))('%s', async (_, corpusCase) => {
    const harness = new EngineHarness();
    const machine = nativeOf(corpusCase);
    expect(validateStates({ ...machine } as unknown as JsonObject, harness.nodeTypes()).errors).toEqual([]);
    const inputs = createStatesInputsPreparer(machine.inputs)(corpusCase.expected.inputs ?? {});
    harness.engine.start();
    onTestFinished(() => harness.engine.kill());
    compare(await harness.run(harness.defineStates(machine), inputs), corpusCase);
  });
});

function nativeOf({ name, expected, definition }: CorpusCase): StatesDefinition {
  if (expected.dialect !== 'awf') return definition as unknown as StatesDefinition;
  const translation = translateAwf(definition, `awf/${name}`);
  if ('errors' in translation) throw new Error(JSON.stringify(translation.errors));
  return translation.definition;
}

function compare(run: EndedRun, { expected }: CorpusCase): void {
  const { error } = (run.events.at(-1)?.data ?? {}) as { error?: { code: string; message: string; details?: unknown } };
  expect({ status: run.status, error: run.status === expected.ends ? undefined : error }).toEqual({ status: expected.ends });
  if (expected.outputs !== undefined) expect(run.outputs).toEqual(expected.outputs);
  if (expected.error?.code !== undefined) expect(error?.code).toBe(expected.error.code);
  if (expected.error?.message !== undefined) expect(error?.message).toContain(expected.error.message);
  if (expected.details !== undefined) expect(error?.details).toEqual(expected.details);
  for (const [path, status] of Object.entries(expected.steps ?? {}))
    expect([path, run.history.steps.get(path)?.status]).toEqual([path, status]);
  for (const path of expected.absent ?? []) expect(run.history.steps.has(path)).toBe(false);
  for (const [path, attempt] of Object.entries(expected.attempts ?? {}))
    expect([path, run.history.steps.get(path)?.attempt]).toEqual([path, attempt]);
  const logs = run.events.filter((event) => event.type === 'step.output').map((event) => event.data['message']);
  for (const line of expected.logs ?? []) expect(logs).toContain(line);
}
