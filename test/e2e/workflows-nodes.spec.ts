import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realPostgres, startApp, type RealPostgres, type TestApp } from '../support/index.js';

interface Workflow {
  id: string;
  version: number;
  source: string;
  description: string | null;
}

const FILES = 12;
const definition = (name: string, description: string) => ({
  name,
  description,
  nodes: [{ id: 'a', type: 'transform.set', config: { values: {} } }],
});

let postgres: RealPostgres;
let directory: string;
let nodes: TestApp[];
let env: Record<string, string>;

const one = () => nodes[0] as TestApp;
const get = async (node: TestApp, name: string) => (await node.api.get<Workflow>(`/workflows/${encodeURIComponent(name)}`)).body;

beforeAll(async () => {
  postgres = await realPostgres();
  directory = mkdtempSync(join(tmpdir(), 'heddle-nodes-'));
  for (let i = 0; i < FILES; i++) await writeFile(join(directory, `${i}.json`), JSON.stringify(definition(`many/w${i}`, 'by file')));
  const url = await postgres.createDatabase();
  env = { DATABASE_URL: url, HEDDLE_WORKFLOWS_DIR: directory, HEDDLE_BOOTSTRAP_ADMIN_KEY: 'hdl_workflow-nodes-0123456789-abcdefghijkl' };
  nodes = await Promise.all([startApp({ env }), startApp({ env }), startApp({ env })]);
});
afterAll(async () => {
  await Promise.all((nodes ?? []).map((node) => node.close()));
  await postgres?.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('several nodes on one Postgres', () => {
  it('that load one directory at once make one version of each workflow', async () => {
    const { body } = await one().api.get<{ data: Workflow[] }>('/workflows', { query: { namespace: 'many', limit: 100 } });
    expect(body.data).toHaveLength(FILES);
    expect(body.data.map(({ version }) => version)).toEqual(Array.from({ length: FILES }, () => 1));
  });

  it('that store one workflow at once number its versions without gaps', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        (nodes[i % nodes.length] as TestApp).api.post<Workflow>('/workflows', definition('race/a', `content ${i % 15}`)),
      ),
    );
    expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 201)).toEqual([]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const versions = answers.filter(({ status }) => status === 201).map(({ body }) => body.version);
    expect(versions.toSorted((a, b) => a - b)).toEqual(versions.map((_, i) => i + 1));
  });

  it('that store and delete one name at once never fail', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => {
        const { api } = nodes[i % nodes.length] as TestApp;
        return i % 4 === 3 ? api.delete('/workflows/race%2Fb') : api.post('/workflows', definition('race/b', 'same'));
      }),
    );
    expect(answers.map(({ status }) => status).filter((status) => ![200, 201, 204, 404].includes(status))).toEqual([]);
  });

  it('start runs of what another has just stored', async () => {
    for (let i = 1; i <= 10; i++) {
      const [writer, reader] = [nodes[i % 3] as TestApp, nodes[(i + 1) % 3] as TestApp];
      await writer.api.post('/workflows', definition('fresh/a', `content ${i}`));
      const { status, body } = await reader.api.post<{ workflow: { version: number } }>('/workflows/fresh%2Fa/runs', {});
      expect(status).toBe(202);
      expect(body.workflow.version).toBe(i);
    }
  });

  it('do not undo, by starting, what the API changed after a file', async () => {
    await one().api.post('/workflows', definition('many/w0', 'by api'));
    const late = await startApp({ env });
    try {
      expect(await get(late, 'many/w0')).toMatchObject({ version: 2, source: 'api', description: 'by api' });
      expect(await get(late, 'many/w1')).toMatchObject({ version: 1, description: 'by file' });
    } finally {
      await late.close();
    }
  });
});
