import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataDir, startApp, type ApiClient, type TestApp } from '../support/index.js';
import { lives } from '../support/processes.js';
import { eventually, openStream, runToEnd, storeWorkflow, type EventBody, type RunBody } from '../support/runs.js';

const SECRET = 'geheimnis-4711-geheimnis';

interface ShellOutput {
  stdout: string;
  stderr: string;
  exit_code: number;
  signal: string | null;
  stdout_truncated: boolean;
  stderr_truncated: boolean;
  artifacts: { id: string; name: string; media_type: string; size: number; sha256: string }[];
  result?: unknown;
}
interface ShellRun extends Omit<RunBody, 'outputs' | 'error'> {
  readonly outputs: { a: ShellOutput } & Record<string, ShellOutput>;
  readonly error: { code: string; message: string; details: { exit_code?: number; stderr?: string } } | null;
}
interface LogLine {
  stream: string;
  level: string;
  message: string;
}

let app: TestApp;

beforeAll(async () => {
  process.env['SHELL_SPEC_CANARY'] = 'of the server';
  app = await startApp({ env: { HEDDLE_SHELL: 'all', HEDDLE_SECRET_TOKEN: SECRET } });
});
afterAll(async () => {
  delete process.env['SHELL_SPEC_CANARY'];
  await app?.close();
});

const nameOf = (): string => `shell/t-${randomUUID()}`;

async function store(config: object, node: object = {}): Promise<string> {
  const name = nameOf();
  await storeWorkflow(app.api, { name, nodes: [{ id: 'a', type: 'shell.exec', config, ...node }] });
  return name;
}

async function run(config: object, node: object = {}): Promise<ShellRun> {
  return (await runToEnd(app.api, await store(config, node))) as unknown as ShellRun;
}

async function succeed(config: object, node: object = {}): Promise<ShellOutput> {
  const { status, error, outputs } = await run(config, node);
  expect({ status, error }).toEqual({ status: 'success', error: null });
  return outputs.a;
}

async function fail(config: object, node: object = {}): Promise<NonNullable<ShellRun['error']>> {
  const { status, error } = await run(config, node);
  expect(status).toBe('failed');
  return error as NonNullable<ShellRun['error']>;
}

async function start(config: object, node: object = {}): Promise<string> {
  const { status, body } = await app.api.post<RunBody>(`/workflows/${encodeURIComponent(await store(config, node))}/runs`, {});
  expect(status).toBe(202);
  return body.id;
}

async function logs(id: string): Promise<LogLine[]> {
  return (await app.api.get<{ data: LogLine[] }>(`/runs/${id}/logs`, { query: { limit: 500 } })).body.data;
}

async function events(api: ApiClient, id: string): Promise<EventBody[]> {
  const all: EventBody[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const { body } = await api.get<{ data: EventBody[]; next_cursor: string | null }>(`/runs/${id}/events`, {
      query: { limit: 500, cursor },
    });
    all.push(...body.data);
    cursor = body.next_cursor;
  }
  return all;
}

const workspaceOf = (id: string): string => join(app.dataDir, 'workspaces', id);

describe('what is executed', () => {
  it('is a program with its arguments, past any shell', async () => {
    const output = await succeed({ command: 'printf', args: ['%s|', 'two words', '$HOME', '*', 3, true] });
    expect(output).toMatchObject({ stdout: 'two words|$HOME|*|3|true|', stderr: '', exit_code: 0, signal: null });
  });

  it('is a script for sh, which does what it does by hand', async () => {
    const output = await succeed({ script: 'false\necho "$1 and $2"\necho loud >&2', args: ['one', 'the other'] });
    expect(output).toMatchObject({ stdout: 'one and the other\n', stderr: 'loud\n', exit_code: 0 });
  });

  it('is a script for the interpreter of its first line', async () => {
    const output = await succeed({
      script: `#!${process.execPath}  --no-warnings \nconsole.log(process.argv.slice(2), process.execArgv)`,
      args: ['x'],
    });
    expect(output.stdout).toBe("[ 'x' ] [ '--no-warnings' ]\n");
    expect((await succeed({ script: '#!/usr/bin/env sh\nset -e\necho env' })).stdout).toBe('env\n');
  });

  it('gets its standard input, and need not read it', async () => {
    expect((await succeed({ command: 'cat', stdin: 'héllo\n' })).stdout).toBe('héllo\n');
    expect((await succeed({ command: 'true', stdin: 'x'.repeat(1_000_000) })).exit_code).toBe(0);
    expect((await succeed({ command: 'cat' })).stdout).toBe('');
  });

  it('is told in words when it cannot be', async () => {
    expect(await fail({ command: 'no-such-program' })).toMatchObject({
      code: 'command_not_found',
      message: 'There is no program "no-such-program".',
    });
    expect((await fail({ command: 'ls -la' })).message).toContain('A line for a shell is a `script`.');
    expect(await fail({ command: '/etc/passwd' })).toMatchObject({ code: 'command_not_executable' });
    expect(await fail({ command: 'true', args: ['x'.repeat(200_000)] })).toMatchObject({ code: 'arguments_too_long' });
  });

  it('is refused when the definition says it wrongly', async () => {
    const faults = async (config: object): Promise<unknown> => {
      const { status, body } = await app.api.post<{ errors: { path: string; code: string }[] }>('/workflows', {
        name: nameOf(),
        nodes: [{ id: 'a', type: 'shell.exec', config }],
      });
      expect(status).toBe(422);
      return body.errors.map(({ path, code }) => `${path} ${code}`);
    };
    expect(await faults({ command: 'x', env: { HEDDLE_RUN_ID: 'mine' } })).toEqual(['/nodes/0/config/env/HEDDLE_RUN_ID reserved_variable']);
    expect(await faults({ command: 'x', args: ['{{ secrets.TOKEN }}'] })).toEqual(['/nodes/0/config/args secret_in_arguments']);
    expect(await faults({ command: '{{ secrets.TOKEN }}' })).toEqual(['/nodes/0/config/command secret_in_arguments']);
    expect(await faults({ command: 'x', script: 'y' })).not.toEqual([]);
    expect(await faults({})).not.toEqual([]);
  });
});

describe('its environment', () => {
  it('is clean', async () => {
    const id = await start({ command: 'env', env: { GREETING: 'hi', COUNT: 3, NONE: null } });
    const body = await eventually(
      async () => (await app.api.get<ShellRun>(`/runs/${id}`)).body,
      ({ status }) => status === 'success',
    );
    const environment = Object.fromEntries(
      body.outputs.a.stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/s).slice(0, 2)),
    ) as Record<string, string>;
    const workspace = workspaceOf(id);
    expect(environment).toEqual({
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: join(workspace, 'files'),
      LANG: 'C.UTF-8',
      TMPDIR: expect.stringContaining(workspace) as string,
      GREETING: 'hi',
      COUNT: '3',
      HEDDLE_RUN_ID: id,
      HEDDLE_STEP: 'a',
      HEDDLE_ATTEMPT: '1',
      HEDDLE_IDEMPOTENCY_KEY: `${id}/a/1`,
      HEDDLE_WORKSPACE: join(workspace, 'files'),
      HEDDLE_ARTIFACTS: expect.stringContaining(workspace) as string,
      HEDDLE_RESULT: expect.stringContaining(workspace) as string,
    });
  });
});

describe('the workspace', () => {
  it('is shared by the steps of a run, and gone when the run is over', async () => {
    const name = nameOf();
    await storeWorkflow(app.api, {
      name,
      nodes: [
        { id: 'a', type: 'shell.exec', config: { script: 'mkdir part && echo kept > part/file && chmod 500 part && pwd' } },
        { id: 'b', type: 'shell.exec', needs: ['a'], config: { command: 'cat', args: ['file'], workdir: 'part' } },
        { id: 'c', type: 'shell.exec', needs: ['b'], config: { script: 'chmod 700 part; echo "$PWD"; ls "$TMPDIR" "$HEDDLE_ARTIFACTS"' } },
      ],
      outputs: { b: '{{ nodes.b.output }}', c: '{{ nodes.c.output }}' },
    });
    const ended = (await runToEnd(app.api, name)) as unknown as ShellRun;
    expect(ended.outputs['b']?.stdout).toBe('kept\n');
    expect(ended.outputs['c']?.stdout).toContain(join(workspaceOf(ended.id), 'files'));
    await eventually(
      async () => existsSync(workspaceOf(ended.id)),
      (there) => !there,
    );
  });

  it('of a run that is over is swept when a server starts', async () => {
    const dataDir = await createDataDir();
    const workspaces = join(dataDir, 'workspaces');
    mkdirSync(join(workspaces, randomUUID(), 'files', 'deep'), { recursive: true });
    mkdirSync(join(workspaces, 'not-a-run'));
    const other = await startApp({ env: { HEDDLE_DATA_DIR: dataDir } });
    try {
      await eventually(
        async () => readdirSync(workspaces),
        (left) => left.length === 1 && left[0] === 'not-a-run',
      );
    } finally {
      await other.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 180_000);

  it('is not left by a definition that came by API', async () => {
    expect(await fail({ command: 'pwd', workdir: '/tmp' })).toMatchObject({ code: 'bad_workdir' });
    expect(await fail({ command: 'pwd', workdir: '../..' })).toMatchObject({ code: 'bad_workdir' });
    expect(await fail({ command: 'pwd', workdir: 'nowhere' })).toMatchObject({ code: 'bad_workdir' });
    const name = nameOf();
    await storeWorkflow(app.api, {
      name,
      nodes: [
        { id: 'a', type: 'shell.exec', config: { script: 'ln -s /tmp out' } },
        { id: 'b', type: 'shell.exec', needs: ['a'], config: { command: 'pwd', workdir: 'out' } },
      ],
    });
    expect((await runToEnd(app.api, name)).error).toMatchObject({ code: 'bad_workdir' });
  });
});

describe('what it leaves', () => {
  it('as JSON is its result', async () => {
    expect((await succeed({ script: `echo '{"n": [1, 2]}' > $HEDDLE_RESULT` })).result).toEqual({ n: [1, 2] });
    expect(await succeed({ command: 'true' })).not.toHaveProperty('result');
    expect(await fail({ script: 'echo nope > $HEDDLE_RESULT' })).toMatchObject({
      code: 'bad_result',
      message: 'What was written to $HEDDLE_RESULT cannot be taken: it is not valid JSON: unexpected "o".',
    });
    expect(await fail({ script: 'ln -s /etc/passwd $HEDDLE_RESULT' })).toMatchObject({
      code: 'bad_result',
      message: expect.stringContaining('is a link') as string,
    });
    expect(await fail({ script: 'mkfifo $HEDDLE_RESULT' })).toMatchObject({ code: 'bad_result' });
  });

  it('as files are its artifacts', async () => {
    const { artifacts } = await succeed({
      script: 'cd $HEDDLE_ARTIFACTS; mkdir -p deep; echo "a,b" > table.csv; head -c 3000000 /dev/zero > deep/zeros.bin; : > empty',
    });
    expect(artifacts.map(({ name, size }) => ({ name, size }))).toEqual([
      { name: 'deep/zeros.bin', size: 3_000_000 },
      { name: 'empty', size: 0 },
      { name: 'table.csv', size: 4 },
    ]);
    expect(artifacts[2]).toMatchObject({
      media_type: expect.stringContaining('text/csv') as string,
      sha256: createHash('sha256').update('a,b\n').digest('hex'),
    });
  });

  it('elsewhere, by a link, is refused', async () => {
    expect(await fail({ script: 'ln -s /etc/passwd $HEDDLE_ARTIFACTS/users' })).toMatchObject({
      code: 'artifact_refused',
      message: '"users" in $HEDDLE_ARTIFACTS is a link.',
    });
    expect(await fail({ script: 'ln -s /etc $HEDDLE_ARTIFACTS/etc' })).toMatchObject({ code: 'artifact_refused' });
    expect(await fail({ script: 'mkfifo $HEDDLE_ARTIFACTS/pipe' })).toMatchObject({ code: 'artifact_refused' });
  });
});

describe('a failure', () => {
  it('tells the exit code and the end of what was written', async () => {
    const error = await fail({ script: 'echo first >&2; echo the reason >&2; exit 3' });
    expect(error).toMatchObject({ code: 'command_failed', message: 'The process ended with exit code 3: the reason' });
    expect(error.details).toMatchObject({ exit_code: 3, stderr: 'first\nthe reason\n' });
    expect(await fail({ script: 'kill -KILL $$' })).toMatchObject({
      code: 'command_failed',
      details: { exit_code: 137, signal: 'SIGKILL' },
    });
  });

  it('is an output when the definition says so', async () => {
    expect(await succeed({ script: 'echo no; exit 3', fail_on_error: false })).toMatchObject({ exit_code: 3, stdout: 'no\n' });
  });

  it('is tried again for the exit codes that are worth it', async () => {
    const script = 'echo x >> tries; test "$(wc -l < tries)" = 3 || exit 75; echo "$HEDDLE_ATTEMPT"';
    const retry = { max_attempts: 3, backoff: 'constant', initial_delay_ms: 1 };
    expect((await succeed({ script, retry_exit_codes: [75] }, { retry })).stdout).toBe('3\n');
    const ended = await run({ script: 'exit 76', retry_exit_codes: [75] }, { retry });
    expect((await events(app.api, ended.id)).filter(({ type }) => type === 'step.retrying')).toHaveLength(0);
  });
});

describe('the end of a process', () => {
  it('is the end of all it started', async () => {
    const script = `sleep 1000 & echo $!
      setsid sh -c 'echo $$ > left; exec sleep 1000' & until test -s left; do sleep 0.02; done; cat left`;
    const pids = (await succeed({ script, kill_after_ms: 500 })).stdout.trim().split('\n').map(Number);
    expect(pids).toHaveLength(2);
    expect(pids.filter(lives)).toEqual([]);
  });

  it('comes at its timeout, for a tree that will not listen too', async () => {
    const script = `trap '' TERM
      sh -c 'echo $$; while :; do sleep 0.05; done' &
      setsid sh -c 'echo $$; while :; do sleep 0.05; done' &
      while :; do sleep 0.05; done`;
    const ended = await run({ script, timeout_ms: 3_000, kill_after_ms: 100 });
    expect(ended.error).toMatchObject({ code: 'timeout' });
    const pids = (await logs(ended.id)).map(({ message }) => Number(message));
    expect(pids).toHaveLength(2);
    expect(pids.filter(lives)).toEqual([]);
  });

  it('comes at the timeout of its step, before the step is tried again', async () => {
    const script = `trap '' TERM
      test -e last && kill -0 "$(cat last)" && echo overlap
      echo $$ | tee last; while :; do sleep 0.05; done`;
    const retry = { max_attempts: 2, backoff: 'constant', initial_delay_ms: 1 };
    const ended = await run({ script, kill_after_ms: 300 }, { timeout_ms: 3_000, retry });
    expect(ended.error).toMatchObject({ code: 'timeout' });
    const pids = (await logs(ended.id)).flatMap(({ stream, message }) => (stream === 'stdout' ? [Number(message)] : []));
    expect(pids).toHaveLength(2);
    await eventually(
      async () => pids.filter(lives),
      (living) => living.length === 0,
    );
  });

  it('is asked for with TERM, so that it can tidy up', async () => {
    const id = await start({ script: "trap 'echo tidy; exit 9' TERM; echo ready; while :; do sleep 0.05; done" });
    await eventually(
      () => logs(id),
      (lines) => lines.some(({ message }) => message === 'ready'),
    );
    await app.api.post(`/runs/${id}/cancel`, {});
    await eventually(
      async () => (await app.api.get<RunBody>(`/runs/${id}`)).body.status,
      (status) => status === 'cancelled',
    );
    expect((await logs(id)).map(({ message }) => message)).toContain('tidy');
  });
});

describe('output', () => {
  it('is told live, line by line, with its stream and level', async () => {
    const id = await start({ script: 'echo out; echo err >&2; until test -e go; do sleep 0.02; done; printf "no end"' });
    const lines = await eventually(
      () => logs(id),
      (now) => now.length === 2,
    );
    expect(lines.map(({ stream, level, message }) => `${stream} ${level} ${message}`).toSorted()).toEqual([
      'stderr warn err',
      'stdout info out',
    ]);
    const stream = await openStream(app.api, `/runs/${id}/logs`, { query: { follow: 'true' } });
    writeFileSync(join(workspaceOf(id), 'files', 'go'), '');
    await stream.closed;
    expect(JSON.stringify(stream.messages)).toContain('no end');
  });

  it('that floods is bounded, and drained to its end', async () => {
    const before = process.memoryUsage().rss;
    const ended = await run({ script: 'echo first; yes "0123456789abcdef" | head -c 170000000; echo last; echo done >&2' });
    expect(ended.status).toBe('success');
    const output = ended.outputs.a;
    expect(output).toMatchObject({ stdout_truncated: true, stderr_truncated: false, stderr: 'done\n' });
    expect(output.stdout.length).toBeLessThan(263_000);
    expect(output.stdout.startsWith('first\n0123456789abcdef\n')).toBe(true);
    expect(output.stdout.endsWith('0123456789abcdef\nlast\n')).toBe(true);
    expect(output.stdout).toMatch(/\n… \d+ characters truncated …\n/);
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(150);
    const all = await events(app.api, ended.id);
    expect(all.length).toBeLessThan(6_000);
    expect(all.some(({ data }) => /^… \d+ lines truncated …$/.test(String(data['message'])))).toBe(true);
  }, 180_000);

  it('without line ends is cut too', async () => {
    const ended = await run({ script: 'head -c 50000000 /dev/zero | tr "\\0" x; echo', max_output_chars: 100 });
    expect(ended.outputs.a.stdout.length).toBeLessThan(200);
    const [line] = await logs(ended.id);
    expect(line?.message.length).toBeLessThan(9_000);
    expect(line?.message.endsWith('…truncated')).toBe(true);
  });

  it('that is not text does no harm', async () => {
    const output = await succeed({ script: "printf 'a\\377\\000b'; printf '\\303'; sleep 0.05; printf '\\251\\n'" });
    expect(output.stdout).toBe('a\uFFFD\0bé\n');
  });
});

describe('secrets', () => {
  it('never reach outputs, events, logs or errors, wherever a process cuts them', async () => {
    const env = { TOKEN: '{{ secrets.TOKEN }}' };
    const script = `echo "whole: $TOKEN"; echo "whole: $TOKEN" >&2
      printf 'cut: ${SECRET.slice(0, 8)}'; sleep 0.1; printf '${SECRET.slice(8)}\\n'
      printf "{\\"t\\": \\"$TOKEN\\"}" > $HEDDLE_RESULT
      i=0; while test $i -lt 3000; do printf "%s" "$TOKEN"; i=$((i+1)); done; echo`;
    const done = await run({ script, env, max_output_chars: 2_000 });
    expect(done.status).toBe('success');
    expect(done.outputs.a.stdout.startsWith('whole: ***\ncut: ***\n***')).toBe(true);
    expect(done.outputs.a.result).toEqual({ t: '***' });
    const failed = await run({ script: 'echo "$TOKEN" >&2; exit 1', env });
    const byInput = await run({ command: 'cat', stdin: '{{ secrets.TOKEN }}' });
    const inScript = await run({ script: 'echo {{ secrets.TOKEN }}; ps -ww -o args= -p $$' });
    for (const { id } of [done, failed, byInput, inScript]) {
      const told = JSON.stringify([
        await events(app.api, id),
        await logs(id),
        (await app.api.get(`/runs/${id}`)).body,
        (await app.api.get(`/runs/${id}/steps`)).body,
      ]);
      expect(told).toContain('***');
      for (let length = SECRET.length; length >= 6; length -= 1) expect(told).not.toContain(SECRET.slice(-length));
    }
    expect(app.logs.join('')).not.toContain(SECRET);
  });
});

describe('who may run processes', () => {
  let directory: string;
  let strict: TestApp;
  const definition = {
    name: 'shell/by-api',
    nodes: [
      { id: 'a', type: 'transform.set', config: { values: {} } },
      { id: 'b', type: 'shell.exec', config: { command: 'true' } },
    ],
  };
  const machine = {
    name: 'shell/machine',
    kind: 'states',
    initial: 'go',
    states: { go: { type: 'command', command: 'true', on_success: 'end' }, end: { type: 'terminal' } },
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'heddle-shell-'));
    writeFileSync(
      join(directory, 'file.yaml'),
      `name: shell/file\nnodes:\n  - { id: a, type: shell.exec, config: { command: pwd, workdir: ${directory} } }\n`,
    );
    strict = await startApp({ env: { HEDDLE_WORKFLOWS_DIR: directory } });
  });
  afterAll(async () => {
    await strict?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('are definitions of a directory, by default', async () => {
    expect(await runToEnd(strict.api, 'shell/file')).toMatchObject({ status: 'success', outputs: { a: { stdout: `${directory}\n` } } });
  });

  it('are not those that came by API: they are told when they are stored or checked', async () => {
    const refused = { path: '/nodes/1/type', code: 'shell_refused', message: expect.stringContaining('HEDDLE_SHELL=files') as string };
    const { status, body } = await strict.api.post('/workflows', definition);
    expect({ status, errors: body['errors'] }).toEqual({ status: 422, errors: [refused] });
    expect((await strict.api.post('/workflows/validate', definition)).body).toMatchObject({ valid: false, errors: [refused] });
    expect((await strict.api.post('/workflows', machine)).body).toMatchObject({ errors: [{ path: '/states/go', code: 'shell_refused' }] });
    expect((await strict.api.post('/workflows/shell%2Ffile/validate', {})).body).toMatchObject({ valid: true });
  });

  it('are still definitions of a directory when one that came by API calls them', async () => {
    await storeWorkflow(strict.api, {
      name: 'shell/caller',
      nodes: [{ id: 'a', type: 'workflow.run', config: { workflow: 'shell/file' } }],
    });
    expect(await runToEnd(strict.api, 'shell/caller')).toMatchObject({ status: 'success' });
  });

  it('is asked again at each start of a process, since definitions outlive policies', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'heddle-shell-'));
    const env = { HEDDLE_DATA_DIR: dataDir, HEDDLE_WORKFLOWS_DIR: directory };
    const lenient = await startApp({ env: { ...env, HEDDLE_SHELL: 'all' } });
    try {
      await storeWorkflow(lenient.api, definition);
      expect(await runToEnd(lenient.api, definition.name)).toMatchObject({ status: 'success' });
    } finally {
      await lenient.close();
    }
    const closed = await startApp({ env: { ...env, HEDDLE_SHELL: 'off', HEDDLE_BOOTSTRAP_ADMIN_KEY: lenient.adminKey } });
    try {
      for (const name of [definition.name, 'shell/file']) {
        expect(await runToEnd(closed.api, name)).toMatchObject({ status: 'failed', error: { code: 'shell_refused' } });
      }
      expect((await closed.api.post('/workflows/shell%2Fby-api/validate', {})).body).toMatchObject({ valid: false });
    } finally {
      await closed.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 180_000);
});

it('leaves nothing behind', async () => {
  await eventually(
    async () => readdirSync(join(app.dataDir, 'workspaces')),
    (left) => left.length === 0,
  );
});
