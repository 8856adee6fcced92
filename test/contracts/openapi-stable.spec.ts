import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeApp } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/index.js';
import { buildOpenApi } from '../../src/platform/http/openapi.js';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly responses: Record<string, { readonly $ref?: string; readonly description?: string; readonly content?: unknown }>;
}

interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly tags: readonly { readonly name: string }[];
}

let app: INestApplication;
let document: Document;
let operations: (Operation & { readonly route: string })[];

beforeAll(async () => {
  app = await describeApp(loadConfig({}));
  document = JSON.parse(JSON.stringify(buildOpenApi(app))) as Document;
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ ...operation, route: `${method.toUpperCase()} ${path}` })),
  );
});
afterAll(async () => {
  await app.close();
});

it('openapi.json is what the code describes (npm run openapi writes it)', () => {
  const written = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'openapi.json'), 'utf8')) as unknown;
  expect(document).toEqual(written);
});

it('is the same text every time', () => {
  expect(JSON.stringify(buildOpenApi(app))).toBe(JSON.stringify(buildOpenApi(app)));
});

it('every operation has a chosen, unique id', () => {
  const ids = operations.map(({ operationId }) => operationId ?? '');
  expect(ids.filter((id) => !/^[a-z][a-zA-Z0-9]+$/.test(id))).toEqual([]);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

it('every operation has a summary, a described tag and a success', () => {
  const tags = new Set(document.tags.map(({ name }) => name));
  const lacking = operations.filter(
    ({ summary, tags: used = [], responses }) =>
      !summary || used.length !== 1 || !tags.has(used[0] ?? '') || !Object.keys(responses).some((status) => status.startsWith('2')),
  );
  expect(lacking.map(({ route }) => route)).toEqual([]);
});

it('every answer is described: problems with their schema, successes with theirs or without a body', () => {
  const vague = operations.flatMap(({ route, responses }) =>
    Object.entries(responses).flatMap(([status, response]) => {
      const isBodiless = status === '204' || status === '304';
      return response.$ref !== undefined || (response.content !== undefined && response.description !== '') || isBodiless
        ? []
        : [`${route} ${status}`];
    }),
  );
  expect(vague).toEqual([]);
});
