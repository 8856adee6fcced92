import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../model/json.js';
import { StepError } from '../model/step-error.js';
import { createInputsPreparer } from './inputs.js';

const faultsOf = (schema: JsonObject, inputs: JsonObject) => {
  try {
    createInputsPreparer(schema)(inputs);
  } catch (error) {
    if (error instanceof StepError && error.code === 'invalid_inputs')
      return error.details as { path: string; code: string; message: string }[];
    throw error;
  }
  return [];
};

describe('preparing inputs', () => {
  it('takes anything without a schema', () => {
    const inputs = { a: [1] };
    expect(createInputsPreparer(undefined)(inputs)).toBe(inputs);
    expect(createInputsPreparer({})(inputs)).toBe(inputs);
  });

  it('fills defaults, nested ones too, and leaves what it was given alone', () => {
    const schema = {
      properties: { n: { type: 'number', default: 2 }, o: { type: 'object', default: {}, properties: { list: { default: [1] } } } },
    };
    const inputs = {};
    const prepare = createInputsPreparer(schema);
    expect(prepare(inputs)).toEqual({ n: 2, o: { list: [1] } });
    expect(inputs).toEqual({});
    (prepare({}).o as { list: number[] }).list.push(5);
    expect(prepare({})).toEqual({ n: 2, o: { list: [1] } });
    expect(prepare({ n: 3 })).toEqual({ n: 3, o: { list: [1] } });
  });

  it('coerces nothing', () => {
    expect(faultsOf({ properties: { n: { type: 'number' } } }, { n: '2' })).toEqual([
      { path: '/n', code: 'type', message: 'must be number' },
    ]);
  });

  it('finds every fault', () => {
    const schema = {
      type: 'object',
      required: ['url', 'n'],
      additionalProperties: false,
      properties: {
        url: { type: 'string', format: 'uri' },
        n: { type: 'integer' },
        'a/b': { enum: ['x', 'y'] },
        when: { type: 'string', format: 'date-time' },
      },
    };
    expect(
      faultsOf(schema, { url: 'no url', 'a/b': 'z', ulr: 1, when: 'today' })
        .map(({ path, code }) => `${path} ${code}`)
        .toSorted(),
    ).toEqual(['/a~1b enum', '/n required', '/ulr unknown_field', '/url format', '/when format']);
    expect(faultsOf(schema, { url: 'http://x', n: 1, ulr: 2 })[0]?.message).toBe('unknown field ulr, did you mean url?');
  });

  it('keeps equal $ids of different schemas apart', () => {
    const schema = (type: string) => ({ $id: 'https://example.com/same', properties: { a: { type } } });
    expect(faultsOf(schema('string'), { a: 'x' })).toEqual([]);
    expect(faultsOf(schema('number'), { a: 1 })).toEqual([]);
  });

  it('matches patterns in linear time', () => {
    const schema = { properties: { a: { type: 'string', pattern: '^(a+)+$' } } };
    const before = process.threadCpuUsage();
    expect(faultsOf(schema, { a: `${'a'.repeat(50_000)}!` })).toHaveLength(1);
    const { user } = process.threadCpuUsage(before);
    expect(user / 1e6).toBeLessThan(3);
  });
});
