import { describe, expect, it } from 'vitest';
import { Slots } from './slots.js';

describe('Slots', () => {
  it('lets so many work at a time, in the order they came', async () => {
    const slots = new Slots(2);
    const { signal } = new AbortController();
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const works = [0, 1, 2, 3].map((index) =>
      slots.use(signal, async () => {
        begun.push(index);
        await new Promise<void>((resolve) => (ends[index] = resolve));
        return index;
      }),
    );
    await Promise.resolve();
    expect(begun).toEqual([0, 1]);
    ends[1]?.();
    expect(await works[1]).toBe(1);
    expect(begun).toEqual([0, 1, 2]);
    ends[0]?.();
    ends[2]?.();
    await Promise.all([works[0], works[2]]);
    ends[3]?.();
    expect(await Promise.all(works)).toEqual([0, 1, 2, 3]);
  });

  it('forgets those who give up, and frees the place of those who fail', async () => {
    const slots = new Slots(1);
    const patient = new AbortController();
    const hasty = new AbortController();
    const broken = Promise.withResolvers<void>();
    const first = slots.use(patient.signal, () => broken.promise);
    const second = slots.use(hasty.signal, async () => 'second');
    const third = slots.use(patient.signal, async () => 'third');
    hasty.abort(new Error('no longer'));
    await expect(second).rejects.toThrow('no longer');
    broken.reject(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    expect(await third).toBe('third');
    await expect(slots.use(hasty.signal, async () => 'late')).rejects.toThrow('no longer');
  });
});
