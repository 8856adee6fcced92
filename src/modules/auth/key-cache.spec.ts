import { expect, it } from 'vitest';
import type { Principal } from '../../platform/http/permissions.js';
import { generateKey, hashKey, weaknessOf } from './api-key-secret.js';
import { grantedPermissions, permissionsBeyond } from './granted-permissions.js';
import { KeyCache } from './key-cache.js';

const PRINCIPAL: Principal = {
  keyId: 'k',
  keyName: 'k',
  tenant: 'default',
  role: 'viewer',
  permissions: grantedPermissions('viewer', null),
  rateLimit: 1,
};

it('tells a living key from an expired, an unknown and an unseen one', () => {
  const cache = new KeyCache();
  cache.put('a', { principal: PRINCIPAL, expiresAt: 1_000 });
  cache.put('b', null);
  expect(cache.get('a', 999)).toBe(PRINCIPAL);
  expect(cache.get('a', 1_000)).toBeNull();
  expect(cache.get('b', 0)).toBeNull();
  expect(cache.get('c', 0)).toBeUndefined();
});

it('forgets everything at once, and shows that it did', () => {
  const cache = new KeyCache();
  cache.put('a', { principal: PRINCIPAL, expiresAt: Infinity });
  const before = cache.generation;
  cache.clear();
  expect(cache.get('a', 0)).toBeUndefined();
  expect(cache.generation).not.toBe(before);
});

it('real keys outlive a flood of guesses', () => {
  const cache = new KeyCache();
  cache.put('a', { principal: PRINCIPAL, expiresAt: Infinity });
  for (let n = 0; n < 50_000; n += 1) cache.put(`guess-${n}`, null);
  expect(cache.get('a', 0)).toBe(PRINCIPAL);
});

it('keys are 256 random bits behind a prefix', () => {
  const keys = new Set(Array.from({ length: 100 }, generateKey));
  expect(keys.size).toBe(100);
  for (const key of keys) expect(key).toMatch(/^hdl_[\w-]{43}$/);
  expect(hashKey('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

it('a key that an operator chose is refused when it could be guessed', () => {
  expect(weaknessOf(generateKey())).toBeNull();
  for (const weak of ['short', 'a'.repeat(40), 'has spaces in its middle', 'x'.repeat(300)]) expect(weaknessOf(weak)).not.toBeNull();
});

it('scopes narrow a role and never widen it', () => {
  expect([...grantedPermissions('viewer', ['runs.read', 'keys.manage'])]).toEqual(['runs.read']);
  expect(permissionsBeyond(PRINCIPAL, 'operator', ['runs.create', 'runs.read'])).toEqual(['runs.create']);
  expect(permissionsBeyond(PRINCIPAL, 'viewer', null)).toEqual([]);
});
