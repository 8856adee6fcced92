import { expect, it } from 'vitest';
import { ulidOfUuid, uuidOfUlid } from './ulid.js';

it.each([
  ['00000000-0000-0000-0000-000000000000', '00000000000000000000000000'],
  ['ffffffff-ffff-ffff-ffff-ffffffffffff', '7ZZZZZZZZZZZZZZZZZZZZZZZZZ'],
  ['0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b', '01K2ST8Q3DFT7SM2RW5MZ4YPKB'],
])('%s is %s, both ways', (uuid, ulid) => {
  expect(ulidOfUuid(uuid)).toBe(ulid);
  expect(uuidOfUlid(ulid)).toBe(uuid);
  expect(uuidOfUlid(ulid.toLowerCase())).toBe(uuid);
});

it.each(['', '01HX...', '8ZZZZZZZZZZZZZZZZZZZZZZZZZ', '0000000000000000000000000U'])('%s is none', (text) => {
  expect(uuidOfUlid(text)).toBeNull();
});
