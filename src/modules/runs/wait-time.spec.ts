import { describe, expect, it } from 'vitest';
import { UnprocessableError } from '../../platform/errors/app-error.js';
import { MAX_WAIT_MS, parseWait, preferredWait } from './wait-time.js';

describe('the time to wait', () => {
  it('is a duration with a unit, seconds without, and capped', () => {
    expect(['30s', '1500ms', '2m', '10', '0.5s', '0'].map(parseWait)).toEqual([30_000, 1_500, 120_000, 10_000, 500, 0]);
    expect(parseWait('9999s')).toBe(MAX_WAIT_MS);
    for (const bad of ['', 's', '-1s', '1h', '1e3', '30 s', '1;']) expect(() => parseWait(bad)).toThrow(UnprocessableError);
  });

  it('can be preferred among other preferences', () => {
    expect(preferredWait('wait=10')).toBe(10_000);
    expect(preferredWait('respond-async, wait=5')).toBe(5_000);
    expect(preferredWait(['handling=strict', 'wait="3"'])).toBe(3_000);
    expect(preferredWait('respond-async')).toBeNull();
    expect(preferredWait('await=3')).toBeNull();
    expect(preferredWait(undefined)).toBeNull();
  });
});
