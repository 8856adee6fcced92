import type { TestApp } from '../../support/index.js';

/** For `describe.each`: where a dialect is spoken. */
export function entrancesOf(dialect: string): readonly [string, (server: TestApp) => string][] {
  return [
    ['below its path', ({ url }) => `${url}/compat/${dialect}`],
    ['on a port of its own', ({ dialects }) => dialects[dialect] ?? ''],
  ];
}
