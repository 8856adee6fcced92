import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor, isUuid } from './cursor.js';
import { pageOf } from './page.js';

const ID = '019a8f3e-6f00-7c3a-9d51-3f7d3a1e2b4c';

describe('a cursor', () => {
  it('comes back as what it was made of', () => {
    const isPair = (value: unknown): value is [string, string] => Array.isArray(value) && value.length === 2;
    expect(decodeCursor(encodeCursor(['2030-01-01', 'ä']), isPair)).toEqual(['2030-01-01', 'ä']);
    expect(encodeCursor(ID)).toMatch(/^[\w-]+$/);
  });

  it.each(['', 'x', '!!', encodeCursor('no uuid'), encodeCursor(ID).slice(1), 'a'.repeat(2000)])(
    'of another list or of nobody is refused: %j',
    (cursor) => {
      expect(() => decodeCursor(cursor, isUuid)).toThrow(expect.objectContaining({ status: 400, code: 'bad_cursor' }));
    },
  );
});

describe('a page', () => {
  const page = (rows: number[], limit: number) => pageOf(rows, limit, (row) => row * 10, String);

  it('knows by one row more that there is a next one', () => {
    expect(page([1, 2, 3], 2)).toEqual({ data: [10, 20], next_cursor: '2' });
  });

  it('is the last when there is none', () => {
    expect(page([1, 2], 2)).toEqual({ data: [10, 20], next_cursor: null });
    expect(page([], 2)).toEqual({ data: [], next_cursor: null });
  });
});
