import { describe, expect, it } from 'vitest';
import type { Json } from '../../engine/index.js';
import { isTyped, plainMembers, plainOf, typedMembers, typedOf, typeName } from './values.js';

describe('typed values', () => {
  it.each<[Json, Json]>([
    [{ type: 'Null' }, null],
    [{ type: 'Null', value: null }, null],
    [{ type: 'Bool', value: false }, false],
    [{ type: 'Number', value: 200 }, 200],
    [{ type: 'String', value: 'https://api.github.com/zen' }, 'https://api.github.com/zen'],
    [
      { type: 'Json', value: { type: 'String', value: 'inside' } },
      { type: 'String', value: 'inside' },
    ],
    [{ type: 'Array', value: [{ type: 'Number', value: 1 }, 'raw', { type: 'Null' }] }, [1, 'raw', null]],
    [{ type: 'Object', value: { a: { type: 'Object', value: { b: { type: 'Bool', value: true } } } } }, { a: { b: true } }],
    [
      { type: 'Bytes', value: [104, 105] },
      { type: 'Bytes', value: [104, 105] },
    ],
  ])('%j is %j in plain JSON', (typed, plain) => {
    expect(isTyped(typed)).toBe(true);
    expect(plainOf(typed)).toEqual(plain);
  });

  it.each<Json>([
    null,
    7,
    'text',
    [1, 2],
    {},
    { type: 'String' },
    { type: 'String', value: 5 },
    { type: 'Number', value: '5' },
    { type: 'Bytes', value: [256] },
    { type: 'Bytes', value: [0.5] },
    { type: 'toString', value: 1 },
    { type: 'String', value: 'x', more: 1 },
    { value: 'x' },
  ])('%j is a raw value, and stays as it is', (raw) => {
    expect(isTyped(raw)).toBe(false);
    expect(plainOf(raw)).toEqual(raw);
  });
});

describe('plain values', () => {
  it.each<[Json, Json]>([
    [null, { type: 'Null' }],
    [true, { type: 'Bool', value: true }],
    [1.5, { type: 'Number', value: 1.5 }],
    ['', { type: 'String', value: '' }],
    [[1], { type: 'Json', value: [1] }],
    [{ a: 1 }, { type: 'Json', value: { a: 1 } }],
    [
      { type: 'String', value: 'x' },
      { type: 'Json', value: { type: 'String', value: 'x' } },
    ],
    [
      { type: 'Bytes', value: [1] },
      { type: 'Bytes', value: [1] },
    ],
  ])('%j becomes %j, and is the same again', (plain, typed) => {
    expect(typedOf(plain)).toEqual(typed);
    expect(plainOf(typed)).toEqual(plain);
    expect(typeName(plain)).toBe((typed as { type: string }).type);
  });

  it('come and go as members', () => {
    expect(plainMembers({ a: { type: 'Number', value: 1 }, b: 'raw' })).toEqual({ a: 1, b: 'raw' });
    expect(typedMembers({ a: { type: 'Number', value: 1 }, b: 'raw' })).toEqual({
      a: { type: 'Number', value: 1 },
      b: { type: 'String', value: 'raw' },
    });
  });
});
