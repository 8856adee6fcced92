import { afterAll, describe, expect, it } from 'vitest';
import { EngineHarness } from '../testing/engine-harness.js';

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('files that steps keep', () => {
  const harness = new EngineHarness();
  harness.engine.start();
  afterAll(() => harness.engine.stop());

  it('stores a file and tells so on the step', async () => {
    harness.behaviours.set('keep', async (call) => ({
      kept: await call.artifact({ name: 'a.txt', mediaType: 'text/plain', body: chunks('he', 'llo') }),
    }));
    const ended = await harness.run(harness.define([{ id: 'a', type: 't.do', config: { do: 'keep' } }]));
    const [file] = harness.artifacts.of(ended.id);
    expect(file?.content.toString()).toBe('hello');
    const event = ended.events.find(({ type }) => type === 'artifact.created');
    expect(event).toMatchObject({ step: 'a', data: { id: file?.ref.id, name: 'a.txt', media_type: 'text/plain', size: 5 } });
    expect(ended.history.steps.get('a')?.output).toEqual({ kept: file?.ref });
  });
});
