import { expect, it } from 'vitest';
import { upgradeUrl } from './upgrade-url.js';

it.each([
  ['/api/events?execution_id=1', '/api/events', '?execution_id=1'],
  ['/a/../../b', '/b', ''],
  ['/%2e%2e/b', '/b', ''],
  [String.raw`/a\..\b`, '/b', ''],
  ['ws://elsewhere/b', '/b', ''],
  ['//[', '/', ''],
  ['//', '/', ''],
  ['', '/', ''],
  [undefined, '/', ''],
])('%j is at %s%s', (url, path, query) => {
  const { pathname, search } = upgradeUrl(url);
  expect([pathname, search]).toEqual([path, query]);
});
