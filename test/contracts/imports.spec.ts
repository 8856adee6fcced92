import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findFaults, parseSource, readSources } from './import-graph.js';

const ROOT = join(import.meta.dirname, '..', '..');

it('src keeps to the arrows of the house', () => {
  const sources = readSources(ROOT);
  expect(sources.length).toBeGreaterThan(50);
  expect(findFaults(sources)).toEqual([]);
});

describe('the check', () => {
  it.each([
    ['engine to Nest', 'src/engine/a.ts', `import { Injectable } from '@nestjs/common';`, 'pure packages'],
    ['engine to pg', 'src/engine/a.ts', `import pg from 'pg';`, 'pure packages'],
    ['engine to TypeORM, types only', 'src/engine/a.ts', `import type { DataSource } from 'typeorm';`, 'pure packages'],
    ['engine to platform', 'src/engine/a.ts', `import type { X } from '../platform/errors/app-error.js';`, 'nothing of ours'],
    ['engine by import()', 'src/engine/a.ts', `const x = await import('../modules/runs/index.js');`, 'nothing of ours'],
    ['engine by a type import', 'src/engine/a.ts', `let x: import('../platform/x.js').X;`, 'nothing of ours'],
    ['config to platform', 'src/config/a.ts', `import { x } from '../platform/x.js';`, 'config imports nothing'],
    ['platform to modules', 'src/platform/http/a.ts', `export * from '../../modules/auth/index.js';`, 'knows no feature'],
    ['modules to compat', 'src/modules/runs/a.ts', `import { x } from '../../compat/awf/index.js';`, 'nothing above'],
    ['past an index', 'src/modules/runs/a.ts', `import { x } from '../auth/tenant.js';`, 'past the index of modules/auth'],
    [
      'compat past an index',
      'src/compat/awf/a.ts',
      `import { x } from '../../modules/runs/runs.service.js';`,
      'past the index of modules/runs',
    ],
    ['a dialect to another', 'src/compat/awf/a.ts', `import { x } from '../flwd/index.js';`, 'no dialect knows another'],
    ['the kit to a dialect', 'src/compat/kit/a.ts', `import { x } from '../flwd/index.js';`, 'no dialect knows another'],
    ['a dialect to the database', 'src/compat/awf/a.ts', `import { DataSource } from 'typeorm';`, 'only modules touch the database'],
    [
      'a dialect to our database',
      'src/compat/awf/a.ts',
      `import { x } from '../../platform/database/index.js';`,
      'only modules touch the database',
    ],
    ['anyone to observability', 'src/modules/runs/a.ts', `import { x } from '../observability/index.js';`, 'nobody calls it'],
    ['anyone to the application', 'src/modules/runs/a.ts', `import { x } from '../../app.module.js';`, 'puts the application together'],
    ['shipped code to test code', 'src/modules/runs/a.ts', `import { x } from './testing/fake.js';`, 'made for tests'],
    ['the environment', 'src/modules/runs/a.ts', `const x = process.env['HEDDLE_PORT'];`, 'reads process.env'],
  ])('finds %s', (_what, path, text, reason) => {
    expect(findFaults([parseSource(path, text)])).toEqual([expect.stringContaining(reason)]);
  });

  it('finds cycles, also of types and through several files', () => {
    const sources = [
      parseSource('src/modules/runs/a.ts', `import type { B } from './b.js';`),
      parseSource('src/modules/runs/b.ts', `export { c } from './c.js';`),
      parseSource('src/modules/runs/c.ts', `import { a } from './a.js';`),
      parseSource('src/modules/runs/d.ts', `import { a } from './a.js';`),
    ];
    expect(findFaults(sources)).toEqual(['a cycle: src/modules/runs/a.ts, src/modules/runs/b.ts, src/modules/runs/c.ts']);
  });

  it('lets pass what is allowed', () => {
    const sources = [
      parseSource('src/engine/a.ts', `import { x } from './b.js'; import Ajv from 'ajv'; import { hash } from 'node:crypto';`),
      parseSource(
        'src/platform/http/a.ts',
        `import { x } from '../../config/index.js'; import type { Json } from '../../engine/model/json.js';`,
      ),
      parseSource('src/modules/runs/a.ts', `import { AuthModule } from '../auth/index.js'; // process.env is only mentioned`),
      parseSource('src/compat/awf/a.ts', `import { x } from '../kit/index.js'; import { y } from '../../modules/runs/index.js';`),
      parseSource('src/app.module.ts', `import { X } from './modules/observability/index.js';`),
      parseSource('src/config/a.ts', `export const env = process.env;`),
      parseSource('src/engine/a.spec.ts', `import { startApp } from '../../test/support/index.js';`),
    ];
    expect(findFaults(sources)).toEqual([]);
  });
});
