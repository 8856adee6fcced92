import { mkdtempSync, rmSync } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually, runToEnd } from '../support/runs.js';

interface Job {
  id: string;
  name: string;
  namespace: string;
  version: string;
  description: string | null;
  source: string;
  format: string;
  path: string | null;
  args: Record<string, unknown>;
  timeout_ms: number | null;
  workflow: { version: number };
  steps: { id: string; name: string; needs: string[] }[];
  error: { path: string; errors: { path: string; code: string }[] } | null;
}
interface Jobs {
  data: Job[];
  next_cursor: string | null;
}
interface Source {
  source: string;
  formats: string[];
  files: number;
  workflows: number;
  errors: { path: string; format: string | null; message: string; errors: { path: string; code: string }[] }[];
}

const SECRET = 'correct-horse-battery-staple';
const LIMIT = 20_000;

let root: string;
let server: TestApp;

const put = async (file: string, text: string) => {
  const path = join(root, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
};
const job = async (id: string) => (await server.api.get<Job>(`/jobs/${id}`)).body;
const jobs = async (query: Record<string, string | number | undefined> = {}) => (await server.api.get<Jobs>('/jobs', { query })).body;
const sources = async () => (await server.api.get<{ data: Source[] }>('/workflows/sources')).body.data;
const brokenFiles = async () => (await sources()).flatMap(({ errors }) => errors.map(({ path }) => path));
const run = (id: string, inputs: object = {}) => runToEnd(server.api, id, { inputs });

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'heddle-jobs-'));
  await put(
    'jobs/ops/backup/daily/config.yaml',
    `name: daily
description: Backs up
version: 1.4.0
argspec:
  type: object
  required: [target]
  properties:
    target: { type: string, minLength: 1 }
    level: { type: integer, default: 3, maximum: 9 }
    dry-run: { type: boolean, default: true }
    tags: { type: array, items: { type: string } }
    limits: { type: object }
    note: { type: string }
command: ./run.sh "$target"
env: { GREETING: "hello {{ world }}" }
timeouts: { run: 1m }
`,
  );
  await put(
    'jobs/ops/backup/daily/run.sh',
    `#!/bin/sh
printf '%s|' "$1" "$ARG_TARGET" "$level" "$ARG_DRY_RUN" "$ARG_TAGS" "\${note-unset}" "$GREETING" "$(pwd)"
printf '%s' "$FLWD_ARGS_JSON" > "$HEDDLE_RESULT"
`,
  );
  await writeFile(join(root, 'jobs/ops/backup/daily/settings.yaml'), 'of: the job, no definition');
  await chmod(join(root, 'jobs/ops/backup/daily/run.sh'), 0o755);
  await put(
    'jobs/arrays/config.yaml',
    `argspec: { type: object, properties: { tags: { type: array }, limits: { type: object } } }
command: |
  for tag in "\${tags[@]}"; do printf '<%s>' "$tag"; done
  for key in "\${!limits[@]}"; do printf '(%s=%s)' "$key" "\${limits[$key]}"; done
`,
  );
  await put(
    'jobs/steps/config.yml',
    `composition: steps
steps:
  - { id: "01 left", script: 'echo left > "$HEDDLE_WORKSPACE/left"' }
  - { id: right, script: 'echo right > "$HEDDLE_WORKSPACE/right"' }
  - id: join
    name: Join them
    needs: ["01 left", right]
    script: |
      cat "$RUN_DIR/left" "$RUN_DIR/right" > "$HEDDLE_ARTIFACTS/both.txt"
      echo '{"joined": true}' > "$HEDDLE_RESULT"
artifacts: { default_key_pattern: "joined/{run_id}" }
`,
  );
  await put('jobs/slow/config.yaml', 'steps:\n  - { id: wait, script: sleep 600, timeout: 200ms }\n');
  await put(
    'jobs/flaky/config.yaml',
    'command: \'echo x >> "$HEDDLE_WORKSPACE/tries"; [ "$(wc -l < "$HEDDLE_WORKSPACE/tries")" -eq 3 ]\'\nretries: 2\nretry_backoff: 0\n',
  );
  await put(
    'jobs/secret/config.yaml',
    `argspec: { type: object, properties: { token: { type: string, format: secret } }, required: [token] }
secrets: { OTHER: token }
command: echo "$token $OTHER"; tr '\\0' ' ' < /proc/$$/cmdline; echo "$token" > "$HEDDLE_ARTIFACTS/seen"; echo "\\"$token\\"" > "$HEDDLE_RESULT"
`,
  );
  await put('jobs/phases/config.d/config.yaml', 'interpreter: /usr/bin/env bash\nargspec: { args: [{ name: who, required: true }] }\n');
  await put('jobs/phases/config.d/vars/names.sh', 'greeting=Hello\n');
  await put('jobs/phases/000_prepare.sh', 'echo "$greeting" > "$RUN_DIR/greeting"\n');
  await put('jobs/phases/100_work.sh', 'printf \'"%s, %s"\' "$(cat "$RUN_DIR/greeting")" "$who" > "$HEDDLE_RESULT"\n');
  await put('jobs/broken/config.yaml', 'timeouts: { run: soon }\nsteps: [{ id: a }]\n');
  await put('jobs/malformed/config.yaml', 'command: [');
  await put('other/native.yaml', 'name: other/native\nnodes:\n  - { id: a, type: transform.set, config: { values: { n: 1 } } }\n');
  await put('other/arrays/config.yaml', 'command: echo another\n');
  await put('other/config.yaml', 'command: echo at the top\n');
  await put('other/broken.yaml', 'name: [');
  await put('other/flwd.yaml', 'instance: { name: not ours }\n');
  server = await startApp({
    env: { HEDDLE_WORKFLOWS_DIR: `work=${join(root, 'jobs')}, ${join(root, 'other')}`, HEDDLE_SECRET_TOKEN: SECRET },
  });
});
afterAll(async () => {
  await server?.close();
  rmSync(root, { recursive: true, force: true });
});

describe('directories of jobs', () => {
  it('are sources, with what could not be loaded', async () => {
    const [work, other] = await sources();
    expect(work).toMatchObject({ source: 'fs:work', path: join(root, 'jobs'), formats: ['flwd'], files: 9, workflows: 7 });
    expect(work?.errors.map(({ path, format, errors }) => [path, format, errors.map((each) => `${each.path} ${each.code}`)])).toEqual([
      ['broken/config.yaml', 'flwd', ['/steps/0/script required', '/timeouts/run bad_duration']],
      ['malformed/config.yaml', 'flwd', [' malformed_yaml']],
    ]);
    expect(other).toMatchObject({
      source: 'fs:other',
      formats: ['flwd', 'native'],
      errors: [{ path: 'broken.yaml' }, { path: 'arrays/config.yaml', errors: [{ path: '/name', code: 'duplicate_name' }] }],
    });
  });

  it('are looked at by the doctor', async () => {
    const { body } = await server.api.get<{ checks: { name: string }[] }>('/system/doctor');
    expect(body.checks.find(({ name }) => name === 'workflow_files')).toMatchObject({
      status: 'warning',
      message: expect.stringMatching(/^4 files could not be loaded/) as string,
      details: { 'fs:work': { files: 9, workflows: 7, errors: 2 } },
    });
  });

  it('are nobody else’s', async () => {
    const { api } = await server.createKey({ role: 'admin', tenant: 'elsewhere' });
    expect((await api.get<{ data: unknown[] }>('/workflows/sources')).body.data).toEqual([]);
    expect((await api.get<Jobs>('/jobs')).body.data).toEqual([]);
    expect((await api.get('/jobs/ops%2Fbackup/daily')).status).toBe(404);
  });
});

describe('jobs', () => {
  it('are listed by their ids, page by page', async () => {
    const all = ['default/arrays', 'default/flaky', 'default/phases', 'default/secret', 'default/slow', 'default/steps'];
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await jobs({ limit: 3, cursor });
      ids.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(ids).toEqual([...all, 'default/other', 'ops/backup/daily', 'other/native'].toSorted());
    expect((await jobs({ source: 'work', namespace: 'default' })).data.map(({ id }) => id)).toEqual(all);
    expect((await jobs({ source: 'fs:other' })).data).toMatchObject([
      { id: 'default/other', format: 'flwd', path: '.' },
      { id: 'other/native', format: 'native', path: 'native.yaml', version: '1' },
    ]);
    expect((await jobs({ namespace: 'ops' })).data).toEqual([]);
    expect((await jobs({ namespace: 'ops/backup' })).data).toMatchObject([{ id: 'ops/backup/daily' }]);
    expect((await server.api.get('/jobs', { query: { cursor: 'bm8' } })).status).toBe(400);
  });

  it('say what they take and consist of, whichever way the id is written', async () => {
    const daily = await job('ops%2Fbackup/daily');
    expect(daily).toMatchObject({
      id: 'ops/backup/daily',
      name: 'daily',
      namespace: 'ops/backup',
      version: '1.4.0',
      description: 'Backs up',
      source: 'fs:work',
      format: 'flwd',
      path: 'ops/backup/daily',
      args: { type: 'object', required: ['target'], properties: { target: { type: 'string', minLength: 1 } } },
      timeout_ms: 60_000,
      workflow: { version: 1 },
      steps: [{ id: 'run', name: 'run', type: 'shell.exec', needs: [] }],
      error: null,
    });
    for (const path of ['ops/backup/daily', 'ops%2Fbackup%2Fdaily']) {
      const answer = await server.api.open('GET', `/api/v1/jobs/${path}`);
      expect(await answer.json()).toEqual(daily);
    }
    expect((await job('default/steps')).steps.map(({ id, name, needs }) => [id, name, needs])).toEqual([
      ['_01_left', '01 left', []],
      ['right', 'right', []],
      ['join', 'Join them', ['_01_left', 'right']],
    ]);
    expect((await server.api.open('GET', '/api/v1/jobs/a/b/c/d/e/f/g')).status).toBe(404);
  });

  it('are also what came by API', async () => {
    await server.api.post('/workflows', { name: 'by/api', nodes: [{ id: 'a', type: 'transform.set', config: { values: {} } }] });
    expect(await job('by/api')).toMatchObject({ source: 'api', format: 'native', path: null, version: '1', args: { type: 'object' } });
  });
});

describe('a run of a job', () => {
  it('gets its arguments, whatever they hold', async () => {
    const target = `/mnt/it's "$(id)" \`x\` {{ 1 }}`;
    const { outputs, status, id } = await run('ops/backup/daily', { target, tags: ['a', 'b c'] });
    expect(status).toBe('success');
    expect(outputs).toEqual({ value: { target, level: 3, 'dry-run': true, tags: ['a', 'b c'] }, exit_code: 0 });
    const { body } = await server.api.get<{ data: { output: { stdout: string } }[] }>(`/runs/${id}/steps`);
    expect(body.data[0]?.output.stdout.split('|').slice(0, -2)).toEqual([
      target,
      target,
      '3',
      'true',
      '["a","b c"]',
      'unset',
      'hello {{ world }}',
    ]);
  });

  it('gets lists and maps as arrays of bash', async () => {
    const tags = ['a b', '', "it's", '$(id)', '*', 'x\ny'];
    const { id } = await run('arrays', { tags, limits: { 'a b': "1'2" } });
    const { body } = await server.api.get<{ data: { output: { stdout: string } }[] }>(`/runs/${id}/steps`);
    expect(body.data[0]?.output.stdout).toBe(`${tags.map((tag) => `<${tag}>`).join('')}(a b=1'2)`);
    expect((await run('arrays')).status).toBe('success');
  });

  it.each([
    [{}, '/inputs', 'required'],
    [{ target: 1 }, '/inputs/target', 'type'],
    [{ target: 'x', level: 10 }, '/inputs/level', 'maximum'],
  ])('is refused with %j', async (inputs, path, code) => {
    const answer = await server.api.post<{ errors: { path: string; code: string }[] }>('/workflows/ops%2Fbackup%2Fdaily/runs', { inputs });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual(
      expect.arrayContaining([expect.objectContaining({ path: expect.stringContaining(path) as string, code })]),
    );
  });

  it('goes by the needs of its steps, and keeps artifacts where the job wants them', async () => {
    const { id, outputs } = await run('steps');
    expect(outputs).toMatchObject({
      value: { joined: true },
      steps: { join: { value: { joined: true }, exit_code: 0 }, right: { value: null } },
    });
    const { body } = await server.api.get<{ data: { id: string; name: string }[] }>(`/runs/${id}/artifacts`);
    expect(body.data.map(({ name }) => name)).toEqual([`joined/${id}/both.txt`]);
    const file = await server.api.open('GET', `/api/v1/artifacts/${body.data[0]?.id}`);
    expect(await file.text()).toBe('left\nright\n');
  });

  it('is made of the scripts in the directory when it says nothing else', async () => {
    expect((await run('phases', { who: 'Ada' })).outputs).toMatchObject({ value: 'Hello, Ada' });
  });

  it('ends when a step takes too long', async () => {
    expect(await run('slow')).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
  });

  it('tries again as often as the job says', async () => {
    expect(await run('flaky')).toMatchObject({ status: 'success' });
  });

  it('knows secrets of the server, and shows them to nobody', async () => {
    const given = await server.api.post<{ errors: { path: string }[] }>('/workflows/secret/runs', { inputs: { token: 'mine' } });
    expect({ status: given.status, path: given.body.errors[0]?.path }).toEqual({ status: 422, path: '/inputs/token' });
    const { id, outputs } = await run('secret');
    expect(outputs).toMatchObject({ value: '***' });
    const seen = await Promise.all(
      ['', '/steps', '/events', '/logs'].map(async (part) => (await server.api.open('GET', `/api/v1/runs/${id}${part}`)).text()),
    );
    for (const text of seen) expect(text).not.toContain(SECRET);
    const steps = JSON.parse(seen[1] ?? '') as { data: { output: { stdout: string } }[] };
    const [printed, commandLine] = steps.data[0]?.output.stdout.split('\n') ?? [];
    expect(printed).toBe('*** ***');
    expect(commandLine).toMatch(/bash/);
    expect(commandLine).not.toContain('***');
    const { body } = await server.api.get<{ data: { id: string }[] }>(`/runs/${id}/artifacts`);
    expect(body.data).toHaveLength(1);
  });
});

describe('a directory that changes', () => {
  it('makes a new version of a job whose configuration or script changes, and of no other', async () => {
    await put('jobs/ops/backup/daily/run.sh', '#!/bin/sh\necho changed\n');
    await eventually(
      () => job('ops%2Fbackup/daily'),
      ({ workflow }) => workflow.version === 2,
      LIMIT,
    );
    await put('jobs/ops/backup/daily/config.yaml', 'version: 2.0.0\ncommand: ./run.sh\n');
    const changed = await eventually(
      () => job('ops%2Fbackup/daily'),
      ({ version }) => version === '2.0.0',
      LIMIT,
    );
    expect(changed).toMatchObject({ workflow: { version: 3 }, args: { additionalProperties: false } });
    expect((await run('ops/backup/daily')).status).toBe('success');
    await put('jobs/ops/backup/daily/notes.txt', 'of nobody’s interest');
    await put('jobs/new/config.yaml', 'command: echo new\n');
    await eventually(
      () => server.api.get('/jobs/default/new'),
      ({ status }) => status === 200,
      LIMIT,
    );
    expect((await job('ops%2Fbackup/daily')).workflow.version).toBe(3);
    expect((await job('default/steps')).workflow.version).toBe(1);
  });

  it('keeps a job that breaks as it was, and says so', async () => {
    await put('jobs/new/config.yaml', 'command: 1\n');
    const broken = await eventually(
      () => job('default/new'),
      ({ error }) => error !== null,
      LIMIT,
    );
    expect(broken).toMatchObject({
      workflow: { version: 1 },
      error: { path: 'new/config.yaml', errors: [{ path: '/command', code: 'type' }] },
    });
    expect((await run('new')).status).toBe('success');
    await put('jobs/new/config.yaml', 'command: echo repaired\n');
    expect(
      await eventually(
        () => job('default/new'),
        ({ error }) => error === null,
        LIMIT,
      ),
    ).toMatchObject({ workflow: { version: 2 } });
  });

  it('gives a name to who is next when its file is gone', async () => {
    await rm(join(root, 'jobs/arrays'), { recursive: true });
    const moved = await eventually(
      () => job('default/arrays'),
      ({ source }) => source === 'fs:other',
      LIMIT,
    );
    expect(moved).toMatchObject({ workflow: { version: 2 }, error: null });
    await rm(join(root, 'jobs/broken'), { recursive: true });
    await eventually(brokenFiles, (paths) => paths.join() === 'malformed/config.yaml,broken.yaml', LIMIT);
  });
});

it('two directories of one name are refused at start', async () => {
  await expect(startApp({ env: { HEDDLE_WORKFLOWS_DIR: '/a/jobs,/b/jobs' } })).rejects.toThrow(/HEDDLE_WORKFLOWS_DIR/);
});
