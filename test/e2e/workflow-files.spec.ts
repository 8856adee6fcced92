import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DefinitionsService, WorkflowFilesService } from '../../src/modules/workflows/index.js';
import { startApp, type TestApp } from '../support/index.js';

interface Workflow {
  id: string;
  name: string;
  version: number;
  source: string;
  description: string | null;
}

const yaml = (name: string, description: string) =>
  `name: ${name}\ndescription: ${description}\nnodes:\n  - id: a\n    type: transform.set\n    config: { values: {} }\n`;
const eventually = <T>(check: () => Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 50 });

let directory: string;
let server: TestApp;
let source: string;

const get = async (name: string, version?: number) =>
  (await server.api.get<Workflow>(`/workflows/${encodeURIComponent(name)}`, { query: { version } })).body;
const errors = () => server.app.get(WorkflowFilesService).loadErrors();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'heddle-workflows-'));
  source = `fs:${basename(directory)}`;
  await writeFile(join(directory, 'good.yaml'), yaml('files/good', 'one'));
  await writeFile(join(directory, 'broken.yaml'), 'name: files/broken\nnodes: [');
  await writeFile(join(directory, 'invalid.yml'), 'name: files/invalid\nnodes:\n  - { id: a, type: transform.sett }\n');
  await mkdir(join(directory, 'nested', '.hidden'), { recursive: true });
  await writeFile(
    join(directory, 'nested', 'deep.json'),
    JSON.stringify({ name: 'files/deep', nodes: [{ id: 'a', type: 'transform.set', config: { values: {} } }] }),
  );
  await writeFile(join(directory, 'nested', '.hidden', 'no.yaml'), yaml('files/hidden', 'no'));
  await writeFile(join(directory, 'notes.txt'), 'no workflow');
  await symlink(join(directory, 'nested', 'deep.json'), join(directory, 'link.json'));
  server = await startApp({ env: { HEDDLE_WORKFLOWS_DIR: directory } });
});
afterAll(async () => {
  await server?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('a directory of workflows', () => {
  it('is there before the first request', async () => {
    expect(await get('files/good')).toMatchObject({ version: 1, source, description: 'one' });
    expect(await get('files/deep')).toMatchObject({ version: 1, source });
    const { body } = await server.api.get<{ data: Workflow[] }>('/workflows', { query: { source } });
    expect(body.data.map(({ name }) => name).toSorted()).toEqual(['files/deep', 'files/good']);
  });

  it('tells of broken files and loads the others', () => {
    expect(errors().map(({ file, errors: faults }) => [file, faults[0]?.code])).toEqual([
      ['broken.yaml', 'malformed_yaml'],
      ['invalid.yml', 'unknown_node_type'],
    ]);
    expect(server.logs.filter((line) => line.includes('workflow file not loaded'))).toHaveLength(2);
  });

  it('is loaded again when a file changes, appears, or is repaired', async () => {
    await writeFile(join(directory, 'good.yaml'), yaml('files/good', 'two'));
    await writeFile(join(directory, 'new.yaml'), yaml('files/new', 'new'));
    await writeFile(join(directory, 'broken.yaml'), yaml('files/broken', 'repaired'));
    await eventually(async () => expect(await get('files/good')).toMatchObject({ version: 2, description: 'two' }));
    await eventually(async () => expect(await get('files/new')).toMatchObject({ version: 1 }));
    await eventually(async () => expect(await get('files/broken')).toMatchObject({ version: 1, description: 'repaired' }));
    expect(errors().map(({ file }) => file)).toEqual(['invalid.yml']);
  });

  it('keeps what it had when a file breaks', async () => {
    await writeFile(join(directory, 'good.yaml'), 'name: files/good\nnodes: nonsense\n');
    await eventually(async () => expect(errors().map(({ file }) => file)).toContain('good.yaml'));
    expect(await get('files/good')).toMatchObject({ version: 2, description: 'two' });
    await writeFile(join(directory, 'good.yaml'), yaml('files/good', 'two'));
    await eventually(async () => expect(errors().map(({ file }) => file)).not.toContain('good.yaml'));
    expect(await get('files/good')).toMatchObject({ version: 2 });
  });

  it('keeps the workflow of a file that is gone, and forgets the error of one that was broken', async () => {
    await rm(join(directory, 'new.yaml'));
    await rm(join(directory, 'invalid.yml'));
    await eventually(async () => expect(errors()).toEqual([]));
    expect(await get('files/new')).toMatchObject({ version: 1 });
  });

  it('follows a file that is replaced by renaming', async () => {
    await writeFile(join(directory, '.good.tmp'), yaml('files/good', 'three'));
    await rename(join(directory, '.good.tmp'), join(directory, 'good.yaml'));
    await eventually(async () => expect(await get('files/good')).toMatchObject({ version: 3, description: 'three' }));
  });

  it('never lends its rights to a version that came by API', async () => {
    const definitions = server.app.get(DefinitionsService);
    const stored = await server.api.post<Workflow>('/workflows', {
      name: 'files/good',
      description: 'by api',
      nodes: [{ id: 'a', type: 'transform.set', config: { values: {} } }],
    });
    expect(stored.body).toMatchObject({ version: 4, source: 'api' });
    expect((await definitions.resolve('default', 'files/good'))?.source).toBe('api');
    await writeFile(join(directory, 'good.yaml'), yaml('files/good', 'four'));
    await eventually(async () => expect(await get('files/good')).toMatchObject({ version: 5, source }));
    expect((await definitions.resolve('default', 'files/good', 4))?.source).toBe('api');
    expect((await definitions.resolve('default', 'files/good', 5))?.source).toBe(source);
  });
});

describe('a directory that cannot be read', () => {
  it('keeps nothing from starting', async () => {
    const lone = await startApp({ env: { HEDDLE_WORKFLOWS_DIR: '/nowhere/at/all' } });
    try {
      expect(lone.app.get(WorkflowFilesService).loadErrors()[0]?.message).toContain('cannot be read');
      expect((await lone.api.get('/workflows')).status).toBe(200);
    } finally {
      await lone.close();
    }
  });
});
