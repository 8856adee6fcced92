import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalEmbedder } from './local-embedder.js';

const never = new AbortController().signal;
let embedder: LocalEmbedder;

beforeAll(() => {
  embedder = new LocalEmbedder();
});
afterAll(async () => embedder.onModuleDestroy());

const dot = (a: Float32Array | undefined, b: Float32Array | undefined): number =>
  Array.from(a ?? []).reduce((sum, value, at) => sum + value * (b?.[at] ?? 0), 0);

describe('the model that ships with the server', () => {
  it('puts what means the same close together, as unit vectors', async () => {
    const [question, answer, other] = await embedder.embed(
      ['How old is the planet?', 'The Earth is about four and a half billion years old.', 'My cat sleeps on the sofa all day.'],
      never,
    );
    expect(dot(question, question)).toBeCloseTo(1, 5);
    expect(question).toHaveLength(512);
    expect(dot(question, answer)).toBeGreaterThan(dot(question, other) + 0.1);
  });

  it('gives a text the same vector alone and in a batch', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => `Sentence number ${index} is about the number ${index * 7}.`);
    const together = await embedder.embed(texts, never);
    const [alone] = await embedder.embed([texts[13] ?? ''], never);
    expect(dot(together[13], alone)).toBeCloseTo(1, 4);
  });

  it('takes empty and endless texts', async () => {
    const vectors = await embedder.embed(['', ' \n', 'word '.repeat(20_000)], never);
    expect(vectors.map((vector) => vector.length)).toEqual([512, 512, 512]);
    expect(dot(vectors[0], vectors[1])).toBeCloseTo(1, 5);
  });

  it('stops between batches when it is told to', async () => {
    const stop = new AbortController();
    const work = embedder.embed(
      Array.from({ length: 200 }, (_, index) => `text ${index}`),
      stop.signal,
    );
    stop.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
  });
});
