import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import { startApp, type TestApp } from '../support/index.js';
import { eventually } from '../support/runs.js';
import { DialectClient } from './support/http.js';
import { deviation, row } from './support/rows.js';
import { expectShape } from './support/shape.js';
import { bash, hasPython, javascript, python } from './support/snippets.js';
import { DialectSocket, type Frame } from './support/socket.js';

interface Executed {
  execution_id: string;
  completed_nodes: number;
  total_nodes: number;
}
interface Item {
  id: string;
  name: string;
  nodes: number;
  connections: number;
}

const UUID = /^[0-9a-f-]{36}$/;
const ID = '550e8400-e29b-41d4-a716-446655440000';
/** As the page prints it. */
const CREATE = {
  id: ID,
  name: 'My Workflow',
  description: 'Example workflow',
  nodes: [
    {
      id: 'node-1',
      node_type: 'http.request',
      config: { method: { type: 'String', value: 'GET' } },
      position: { x: 100, y: 100 },
    },
  ],
  connections: [],
  triggers: [],
  settings: { max_parallel_nodes: 10, on_error: 'StopWorkflow' },
};
const NO_SHELL = 'no-shell';
/** What the page calls examples/github_zen.json. */
const GITHUB_ZEN = join(import.meta.dirname, '../../examples/flowengine/github_zen.json');

const link = (from_node: string, from_port: string, to_node: string, to_port: string): object => ({
  from_node,
  from_port,
  to_node,
  to_port,
});
const sh = (id: string, command: string, more: object = {}): object => ({
  id,
  node_type: 'shell.exec',
  config: { command, shell: true, ...more },
});
const log = (id: string): object => ({ id, node_type: 'debug.log' });

let server: TestApp;
let strict: TestApp;
let website: Server;
let zen: string;

beforeAll(async () => {
  let tries = 0;
  website = createServer((request, response) => {
    if (request.url === '/flaky') response.statusCode = (tries += 1) % 3 === 0 ? 200 : 500;
    if (request.url === '/slow') return;
    response.setHeader('x-method', request.method ?? '');
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => response.end(body === '' ? 'Keep it logically awesome.' : body));
  });
  website.listen(0, '127.0.0.1');
  await once(website, 'listening');
  const { port } = website.address() as AddressInfo;
  zen = `http://127.0.0.1:${port}/zen`;
  const env = { HEDDLE_EGRESS_ALLOW: `127.0.0.1:${port}`, HEDDLE_COMPAT_PORTS: 'flowengine=0' };
  server = await startApp({ env: { ...env, HEDDLE_SHELL: 'all', HEDDLE_ANONYMOUS_ROLE: 'admin', HEDDLE_EXPRESSION_ENV: 'LANG' } });
  strict = await startApp({ env });
});
afterAll(async () => {
  await server?.close();
  await strict?.close();
  website?.closeAllConnections();
  website?.close();
});

describe.each([
  ['below its path', () => `${server.url}/compat/flowengine`],
  ['on a port of its own', () => server.dialects['flowengine'] ?? ''],
])('FlowEngine %s', (_where, urlOf) => {
  let flow: DialectClient;

  beforeAll(() => {
    flow = new DialectClient(urlOf(), undefined);
  });

  const create = async (workflow: object): Promise<string> =>
    (await flow.post<{ id: string }>('/api/workflows', { name: 'test', ...workflow }, 201)).id;
  const execute = (id: string, inputs: object = {}): Promise<Executed> =>
    flow.post<Executed>(`/api/workflows/${id}/execute`, { inputs }, 200);
  const failure = async (id: string, inputs: object = {}): Promise<string> =>
    (await flow.post<{ error: string }>(`/api/workflows/${id}/execute`, { inputs }, 500)).error;
  const listen = (query = ''): Promise<DialectSocket> => DialectSocket.open(`${flow.url}/api/events${query}`);
  /** What is told of one execution, to its end. */
  const told = async (workflow: object, inputs: object = {}, end: 'success' | 'failure' = 'success'): Promise<readonly Frame[]> => {
    const socket = await listen();
    const id = await create(workflow);
    if (end === 'success') await execute(id, inputs);
    else await failure(id, inputs);
    const started = (frame: Frame): boolean => frame['type'] === 'WorkflowStarted' && frame['workflow_id'] === id;
    const ofIt = (frames: readonly Frame[]): Frame[] => {
      const execution = frames.find(started)?.['execution_id'];
      return frames.filter((frame) => frame['execution_id'] === execution);
    };
    const frames = await socket.until((all) => ofIt(all).at(-1)?.['type'] === 'WorkflowCompleted');
    await socket.close();
    return ofIt(frames);
  };
  const outputsOf = (frames: readonly Frame[], node: string): unknown =>
    frames.find((frame) => frame['type'] === 'NodeCompleted' && frame['node_id'] === node)?.['outputs'];
  const eventsOf = (frames: readonly Frame[], node: string): unknown[] =>
    frames.filter((frame) => frame['type'] === 'NodeEvent' && frame['node_id'] === node).map((frame) => frame['event']);

  row('GET /health', 'the example', async () => {
    const health = await flow.get('/health');
    expect(health).toEqual({ status: 'healthy', version: '0.1.0', service: 'flowengine' });
  });

  row('POST /api/workflows', 'the example', async () => {
    expect(await flow.post('/api/workflows', CREATE, 201)).toEqual({ id: ID, message: 'Workflow created successfully' });
  });

  row('GET /api/workflows', 'the example', async () => {
    await create(CREATE);
    const workflows = await flow.get<Item[]>('/api/workflows');
    expectShape(
      workflows.filter(({ id }) => id === ID),
      [{ id: ID, name: 'My Workflow', description: 'Example workflow', nodes: 3, connections: 2 }],
    );
    expect(workflows).toContainEqual({ id: ID, name: 'My Workflow', description: 'Example workflow', nodes: 1, connections: 0 });
  });

  row('GET /api/workflows/{id}', 'the example: as it was sent, null where nothing was', async () => {
    await create(CREATE);
    expect(await flow.get(`/api/workflows/${ID}`)).toEqual({
      ...CREATE,
      nodes: [{ ...CREATE.nodes[0], name: null, retry_policy: null }],
      settings: { ...CREATE.settings, max_execution_time_ms: null },
    });
  });

  row('GET /api/workflows/{id}', 'the error that the page shows', async () => {
    const missing = ID.replace('550e', '0000');
    for (const id of [missing, 'no%20uuid']) {
      const { status, headers, body } = await flow.send('GET', `/api/workflows/${id}`);
      expect(status).toBe(404);
      expect(headers.get('content-type')).toContain('application/json');
      expect(body).toEqual({ error: `Workflow ${decodeURIComponent(id)} not found` });
    }
  });

  row('DELETE /api/workflows/{id}', 'the example, then the error', async () => {
    const id = await create({ id: 'to be/deleted', nodes: [log('a')] });
    const path = `/api/workflows/${encodeURIComponent(id)}`;
    expect(await flow.expect('DELETE', path, undefined, 200)).toEqual({ message: 'Workflow deleted successfully' });
    for (const method of ['DELETE', 'GET']) {
      expect(await flow.expect(method, path, undefined, 404)).toEqual({ error: `Workflow ${id} not found` });
    }
    expect(await flow.expect('POST', `${path}/execute`, { inputs: {} }, 404)).toEqual({ error: `Workflow ${id} not found` });
  });

  row('POST /api/workflows/{id}/execute', 'the example', async () => {
    const id = await create({ nodes: [...CREATE.nodes, log('node-2')], connections: [link('node-1', 'body', 'node-2', 'message')] });
    const answer = await execute(id, { url: { type: 'String', value: zen } });
    expectShape(answer, { execution_id: '123e4567-e89b-12d3-a456-426614174000', completed_nodes: 2, total_nodes: 2 });
    expect(answer).toEqual({ execution_id: expect.stringMatching(UUID) as unknown, completed_nodes: 2, total_nodes: 2 });
  });

  row('POST /api/workflows/{id}/execute', 'inputs as typed and as raw values', async () => {
    const id = await create({ nodes: [sh('a', 'test "$N-$LIST-$ON-$TEXT" = "1.5-[1,{}]-true-x"')] });
    expect(await execute(id, { n: 1.5, list: [1, {}], on: true, text: 'x' })).toMatchObject({ completed_nodes: 1 });
    const typed = {
      n: { type: 'Number', value: 1.5 },
      list: {
        type: 'Array',
        value: [
          { type: 'Number', value: 1 },
          { type: 'Object', value: {} },
        ],
      },
      on: { type: 'Bool', value: true },
      text: { type: 'Json', value: 'x' },
      nothing: { type: 'Null' },
    };
    expect(await execute(id, typed)).toMatchObject({ completed_nodes: 1 });
  });

  row('POST /api/workflows/{id}/execute', 'the error that the page shows, of a node that fails', async () => {
    const id = await create(CREATE);
    expect(await failure(id)).toBe('Execution error: Node node-1 failed: Missing required input: url');
    expect(await failure(id, { url: 5 })).toBe(
      "Execution error: Node node-1 failed: Invalid input type for 'url': expected String, got Number",
    );
    expect(await failure(id, { url: 'http://169.254.169.254/' })).toMatch(/^Execution error: Node node-1 failed: Execution failed: /);
  });

  row('GET /api/nodes', 'the example, all eleven', async () => {
    const nodes = await flow.get<{ type: string }[]>('/api/nodes');
    expectShape(nodes, [{ type: 'http.request', description: 'Make HTTP requests', category: 'http' }]);
    expect(nodes).toContainEqual({ type: 'http.request', description: 'Make HTTP requests', category: 'http' });
    expect(nodes).toContainEqual({ type: 'debug.log', description: 'Log values for debugging', category: 'debug' });
    expect(nodes.map(({ type }) => type).toSorted()).toEqual([
      'api.call',
      'browser.render',
      'debug.log',
      'docker.run',
      'http.request',
      'shell.exec',
      'time.delay',
      'transform.json_parse',
      'transform.json_stringify',
      'zypi.exec',
      'zypi.session_create',
    ]);
  });

  row('GET /api/events', 'the examples', async () => {
    const frames = await told({ nodes: [{ ...CREATE.nodes[0], id: '1st node' }] }, { url: zen });
    const execution_id = '123e4567-e89b-12d3-a456-426614174000';
    const timestamp = '2024-01-15T10:30:00Z';
    const node = { execution_id, node_id: 'node-1', timestamp };
    expectShape(frames, [{ type: '', execution_id, timestamp }]);
    expectShape(frames[0], { type: 'WorkflowStarted', execution_id, workflow_id: ID, timestamp });
    expectShape(frames[1], { ...node, type: 'NodeStarted', node_type: 'http.request' });
    expectShape(frames[2], { ...node, type: 'NodeEvent', event: { event_type: 'Info', message: 'GET https://api.github.com/zen' } });
    expectShape(frames[3], {
      ...node,
      type: 'NodeCompleted',
      outputs: { status: { type: 'Number', value: 200 }, body: { type: 'String', value: '...' }, headers: { type: 'Object', value: {} } },
      duration_ms: 234,
    });
    expectShape(frames[4], { type: 'WorkflowCompleted', execution_id, success: true, duration_ms: 243, timestamp });
    expect(frames).toMatchObject([
      { type: 'WorkflowStarted' },
      { type: 'NodeStarted', node_id: '1st node', node_type: 'http.request' },
      { type: 'NodeEvent', event: { event_type: 'Info', message: `GET ${zen}` } },
      {
        type: 'NodeCompleted',
        outputs: {
          status: { type: 'Number', value: 200 },
          body: { type: 'String', value: 'Keep it logically awesome.' },
          headers: { type: 'Object', value: { 'x-method': { type: 'String', value: 'GET' } } },
        },
      },
      { type: 'WorkflowCompleted', success: true },
    ]);
  });

  row('GET /api/events', 'the end is told before the execution is answered', async () => {
    const id = await create({ nodes: [log('a')] });
    const socket = new WsClient(`${flow.url.replace('http', 'ws')}/api/events`);
    const frames: Frame[] = [];
    socket.on('message', (message: Buffer) => frames.push(JSON.parse(message.toString('utf8')) as Frame));
    await once(socket, 'open');
    const { execution_id } = await execute(id);
    // What was sent before this is answered has arrived when the answer has.
    socket.ping();
    await once(socket, 'pong');
    expect(frames.filter((frame) => frame['execution_id'] === execution_id).at(-1)).toMatchObject({ type: 'WorkflowCompleted' });
    socket.close();
    await once(socket, 'close');
  });

  row('GET /api/events', 'of lines, warnings and failures', async () => {
    const workflow = {
      nodes: [{ ...sh('a', 'echo out; echo err >&2; exit 7'), retry_policy: { max_attempts: 2, delay_ms: 1 } }],
    };
    const frames = await told(workflow, {}, 'failure');
    const lines = [
      { event_type: 'StdoutLine', line: 'out' },
      { event_type: 'StderrLine', line: 'err' },
    ];
    const failed = 'Execution failed: Command exited with code 7';
    const events = eventsOf(frames, 'a');
    expect(events).toHaveLength(5);
    for (const event of [...lines, { event_type: 'Warning', message: `attempt failed: ${failed}` }]) expect(events).toContainEqual(event);
    expect(frames.filter(({ type }) => type === 'NodeStarted')).toHaveLength(1);
    expect(frames.slice(-2)).toMatchObject([
      { type: 'NodeFailed', node_id: 'a', error: failed },
      { type: 'WorkflowCompleted', success: false },
    ]);
  });

  row('GET /api/events', 'of one execution only, and of those begun through other doors', async () => {
    const workflow = { name: `demo/other`, nodes: [{ id: 'a', type: 'debug.log', config: { message: 'hi' } }] };
    const { body } = await server.api.post<{ id: string }>('/workflows', workflow);
    const socket = await listen();
    const runs = await Promise.all([1, 2].map(() => server.api.post<{ id: string }>('/workflows/demo%2Fother/runs')));
    const ends = (frames: readonly Frame[]): Frame[] =>
      frames.filter((frame) => frame['type'] === 'WorkflowCompleted' && runs.some((run) => run.body.id === frame['execution_id']));
    const all = await socket.until((frames) => ends(frames).length === 2);
    expect(all).toContainEqual(expect.objectContaining({ type: 'WorkflowStarted', execution_id: runs[0]?.body.id, workflow_id: body.id }));
    const waiting = await server.api.post<{ id: string }>('/workflows', {
      name: 'demo/wait',
      nodes: [{ id: 'w', type: 'control.wait', config: { name: 'go' } }],
    });
    const run = await server.api.post<{ id: string }>(`/workflows/${waiting.body.id}/runs`);
    const filtered = await listen(`?execution_id=${run.body.id}`);
    await flow.post(`/api/workflows/${body.id}/execute`, { inputs: {} }, 200);
    await server.api.post(`/runs/${run.body.id}/signals/go`, { payload: 1 });
    const told = await filtered.until((frames) => frames.at(-1)?.['type'] === 'WorkflowCompleted');
    expect(new Set(told.map((frame) => frame['execution_id']))).toEqual(new Set([run.body.id]));
    await Promise.all([socket.close(), filtered.close()]);
  });

  row('POST /api/workflows', 'whatever may be left out, raw values, and any text as id', async () => {
    const { id } = await flow.post<{ id: string }>('/api/workflows', { name: 'bare', nodes: [{ node_type: 'debug.log' }] }, 201);
    expect(id).toMatch(UUID);
    expect(await flow.get(`/api/workflows/${id}`)).toEqual({
      id,
      name: 'bare',
      description: null,
      nodes: [{ id: 'node-1', node_type: 'debug.log', name: null, config: {}, position: null, retry_policy: null }],
      connections: [],
      triggers: [],
      settings: { max_execution_time_ms: null, max_parallel_nodes: 10, on_error: 'StopWorkflow' },
    });
    const odd = await create({
      id: 'ä/ö ü',
      unknown: true,
      nodes: [{ id: '{{ 1 }}', node_type: 'http.request', config: { method: 'post', deep: { a: [1] } }, retry_policy: {} }],
      triggers: [{ id: 't', trigger_type: { type: 'Cron', expression: '0 0 * * *' }, enabled: true }],
      settings: { on_error: { RetryWorkflow: { max_attempts: 2 } } },
    });
    expect(await flow.get(`/api/workflows/${encodeURIComponent(odd)}`)).toMatchObject({
      id: 'ä/ö ü',
      nodes: [
        {
          id: '{{ 1 }}',
          config: { method: { type: 'String', value: 'post' }, deep: { type: 'Json', value: { a: [1] } } },
          retry_policy: { max_attempts: 3, delay_ms: 1000, backoff_multiplier: 2, max_delay_ms: null, retry_on_timeout: true },
        },
      ],
      triggers: [{ id: 't', trigger_type: { type: 'Cron', expression: '0 0 * * *' }, enabled: true }],
      settings: { on_error: { RetryWorkflow: { max_attempts: 2 } } },
    });
    expect(await execute(encodeURIComponent(odd), { url: zen, body: 'posted' })).toMatchObject({ total_nodes: 1 });
  });

  row('POST /api/workflows', 'what it gives back may be sent again, and an id stands for what was sent last', async () => {
    const id = await create({ nodes: [log('a')] });
    const shown = await flow.get<{ nodes: object[] }>(`/api/workflows/${id}`);
    expect(await create(shown)).toBe(id);
    await create({ ...shown, nodes: [...shown.nodes, log('b')] });
    expect(await flow.get<{ nodes: object[] }>(`/api/workflows/${id}`)).toMatchObject({ nodes: [{ id: 'a' }, { id: 'b' }] });
    expect((await flow.get<Item[]>('/api/workflows')).filter((item) => item.id === id)).toMatchObject([{ nodes: 2 }]);
  });

  row('connections', 'ports: all inputs at the beginning, only what is connected later, the last of several into one', async () => {
    const frames = await told(
      {
        nodes: [
          { id: 'start', node_type: 'time.delay', config: { delay_ms: 1 } },
          sh('json', 'cat'),
          { id: 'text', node_type: 'transform.json_stringify' },
          { id: 'parsed', node_type: 'transform.json_parse' },
          log('last'),
          { id: 'passed', node_type: 'time.delay', config: { delay_ms: 0 } },
        ],
        connections: [
          link('start', 'a', 'json', 'only'),
          link('json', 'output', 'text', 'value'),
          link('text', 'json', 'parsed', 'json'),
          link('start', 'a', 'last', 'message'),
          link('json', 'exit_code', 'last', 'message'),
          link('parsed', 'parsed', 'passed', 'one'),
          link('start', 'not there', 'passed', 'two'),
        ],
      },
      { a: 'x', b: { type: 'Bool', value: true } },
    );
    expect(outputsOf(frames, 'start')).toEqual({ a: { type: 'String', value: 'x' }, b: { type: 'Bool', value: true } });
    expect(outputsOf(frames, 'json')).toMatchObject({ output: { type: 'Json', value: { only: 'x' } } });
    expect(outputsOf(frames, 'text')).toEqual({ json: { type: 'String', value: '{\n  "only": "x"\n}' } });
    expect(outputsOf(frames, 'parsed')).toEqual({ parsed: { type: 'Json', value: { only: 'x' } } });
    expect(outputsOf(frames, 'last')).toEqual({ message: { type: 'String', value: '0' } });
    expect(outputsOf(frames, 'passed')).toEqual({ one: { type: 'Json', value: { only: 'x' } }, two: { type: 'Null' } });
  });

  row('settings', 'on_error: a failure stops the rest, is passed over, or makes the workflow begin anew', async () => {
    const nodes = [sh('bad', 'exit 3'), log('after'), log('beside')];
    const connections = [link('bad', 'stdout', 'after', 'message')];
    const stop = await create({ nodes, connections });
    expect(await failure(stop)).toBe('Execution error: Node bad failed: Execution failed: Command exited with code 3');
    const on = { nodes, connections, settings: { on_error: 'ContinueOnError' } };
    expect(await execute(await create(on))).toMatchObject({ completed_nodes: 3, total_nodes: 3 });
    const frames = await told(on);
    expect(frames.find(({ type }) => type === 'NodeFailed')).toMatchObject({ node_id: 'bad' });
    expect(outputsOf(frames, 'after')).toEqual({ message: { type: 'String', value: '(no message)' } });
    expect(frames.at(-1)).toMatchObject({ success: true });
    const once = sh('once', 'test "$HEDDLE_WORKSPACE" && test -e seen || { touch seen; exit 1; }');
    const again = await create({ nodes: [once], settings: { on_error: { RetryWorkflow: { max_attempts: 2 } } } });
    expect(await execute(again)).toMatchObject({ completed_nodes: 1 });
    expect(await execute(await create({ nodes: [once], settings: { on_error: 'RetryWorkflow' } }))).toMatchObject({ completed_nodes: 1 });
  });

  row('settings', 'the limit of time is of the whole workflow, and so many nodes run at once', async () => {
    const wait = (id: string): object => ({ id, node_type: 'time.delay', config: { delay_ms: 300 } });
    const connections = [link('a', 'x', 'b', 'x')];
    const late = await create({ nodes: [wait('a'), wait('b')], connections, settings: { max_execution_time_ms: 400 } });
    expect(await failure(late)).toBe('Execution error: Timeout after 0.4s');
    const frames = await told({ nodes: ['a', 'b', 'c'].map(log), settings: { max_parallel_nodes: 1 } });
    const order = frames
      .map(({ type, node_id }) => `${String(type)} ${String(node_id)}`)
      .filter((text) => /Node(?:Started|Completed)/.test(text));
    expect(order).toEqual(['a', 'b', 'c'].flatMap((id) => [`NodeStarted ${id}`, `NodeCompleted ${id}`]));
  });

  row('retry_policy', 'attempts with back-off, and none after a timeout when it says so', async () => {
    const retry_policy = { max_attempts: 3, delay_ms: 5, backoff_multiplier: 1, retry_on_timeout: false };
    const flaky = sh('flaky', 'n=$(cat n 2>/dev/null || echo 0); n=$((n+1)); echo $n > n; test $n -eq 3');
    const frames = await told({ nodes: [{ ...flaky, retry_policy }] });
    expect(eventsOf(frames, 'flaky')).toHaveLength(2);
    const slow = await told({ nodes: [{ ...sh('slow', 'sleep 60', { timeout: 0.2 }), retry_policy }] }, {}, 'failure');
    expect(eventsOf(slow, 'slow')).toEqual([]);
    expect(slow.at(-2)).toMatchObject({ type: 'NodeFailed', error: 'Timeout after 0.2s' });
  });

  row('nodes', 'shell.exec: inputs on standard input and in the environment, config of all kinds', async () => {
    const frames = await told(
      {
        nodes: [
          sh('env', 'echo "$MY_URL $EXTRA ${LANG:+passed}"; cat', { env: { EXTRA: 'e' }, env_passthrough: ['LANG', 'HOME'] }),
          { id: 'words', node_type: 'shell.exec', config: { command: 'printf', args: '%s|%s a b', capture_stderr: false } },
          sh('stdin', 'cat >&2; exit 2', { stdin: 'given', fail_on_error: false, strip_trailing_newline: false }),
        ],
      },
      { 'my-url': 'u', path: '/nowhere' },
    );
    expect(outputsOf(frames, 'env')).toMatchObject({
      stdout: { value: 'u e passed\n{"my-url":"u","path":"/nowhere"}' },
      success: { value: true },
    });
    expect(outputsOf(frames, 'words')).toMatchObject({ stdout: { value: 'a|b' }, output: { type: 'String', value: 'a|b' } });
    expect(outputsOf(frames, 'stdin')).toMatchObject({
      stderr: { value: 'given' },
      exit_code: { type: 'Number', value: 2 },
      success: { type: 'Bool', value: false },
    });
  });

  row('nodes', 'shell.exec is refused, and says why, where the operator does not allow it', async () => {
    const closed = new DialectClient(`${strict.url}/compat/flowengine`, strict.adminKey);
    await closed.post('/api/workflows', { id: NO_SHELL, name: 'x', nodes: [sh('a', 'true')] }, 201);
    const { error } = await closed.post<{ error: string }>(`/api/workflows/${NO_SHELL}/execute`, { inputs: {} }, 500);
    expect(error).toMatch(/^Execution error: Node a failed: Configuration error: No process is started: .*HEDDLE_SHELL=files/);
  });

  row('nodes', 'http.request: method, headers, bodies; bad methods and addresses', async () => {
    const post = { id: 'post', node_type: 'http.request', config: { method: 'POST', headers: { 'x-a': 'b' } } };
    const frames = await told({ nodes: [post] }, { url: zen, body: { a: 1 } });
    expect(outputsOf(frames, 'post')).toMatchObject({
      body: { type: 'String', value: '{"a":1}' },
      headers: { value: { 'x-method': { value: 'POST' } } },
    });
    const bad = await create({ nodes: [{ ...post, config: { method: 'BREW' } }] });
    expect(await failure(bad, { url: zen })).toMatch(/^Execution error: Node post failed: Configuration error: method must be one of/);
    expect(await failure(await create({ nodes: [post] }), { url: 'ftp://x' })).toMatch(
      /^Execution error: Node post failed: Execution failed: /,
    );
  });

  row('nodes', 'debug.log, time.delay and the transforms, also when they fail', async () => {
    const frames = await told(
      { nodes: [log('a'), { id: 'b', node_type: 'time.delay', config: { delay_ms: 2 } }] },
      { message: 'hi', n: 1 },
    );
    expect(outputsOf(frames, 'a')).toEqual({ message: { type: 'String', value: 'hi' } });
    expect(eventsOf(frames, 'a')).toEqual([{ event_type: 'Info', message: 'hi' }]);
    expect(outputsOf(frames, 'b')).toEqual({ message: { type: 'String', value: 'hi' }, n: { type: 'Number', value: 1 } });
    const parse = await create({ nodes: [{ id: 'p', node_type: 'transform.json_parse' }] });
    expect(await failure(parse, { json: '{' })).toMatch(/^Execution error: Node p failed: Execution failed: /);
    expect(await failure(parse, {})).toBe('Execution error: Node p failed: Missing required input: json');
    const delay = await create({ nodes: [{ id: 'd', node_type: 'time.delay', config: { delay_ms: 'long' } }] });
    expect(await failure(delay)).toMatch(/^Execution error: Node d failed: Configuration error: delay_ms/);
  });

  row('nodes', 'those that need docker or Zypi fail, and say so', async () => {
    for (const [node_type, backend] of [
      ['docker.run', 'docker'],
      ['api.call', 'zypi'],
      ['browser.render', 'zypi'],
      ['zypi.exec', 'zypi'],
      ['zypi.session_create', 'zypi'],
    ]) {
      const id = await create({ nodes: [{ id: 'n', node_type, config: { image: 'x' } }] });
      expect(await failure(id)).toBe(`Execution error: Node n failed: Configuration error: no ${backend} backend is configured`);
    }
  });

  row('POST /api/workflows/{id}/execute', 'an execution goes on when its caller leaves', async () => {
    const id = await create({ id: `left-${_where.length}`, nodes: [{ id: 'w', node_type: 'time.delay', config: { delay_ms: 400 } }] });
    const leaving = new AbortController();
    const asked = fetch(`${flow.url}/api/workflows/${id}/execute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"inputs": {}}',
      signal: leaving.signal,
    }).catch(() => null);
    const runs = (): Promise<{ body: { data: { status: string }[] } }> =>
      server.api.get('/runs', { query: { workflow: `flowengine/${id}` } });
    await eventually(runs, ({ body }) => body.data.length === 1);
    leaving.abort();
    await asked;
    await eventually(runs, ({ body }) => body.data[0]?.status === 'success');
  });

  row('POST /api/workflows/{id}/execute', 'once per Idempotency-Key', async () => {
    const id = await create({ nodes: [log('a')] });
    const key = { 'idempotency-key': `${id}-once` };
    const [first, second] = [
      await flow.send('POST', `/api/workflows/${id}/execute`, { inputs: {} }, key),
      await flow.send('POST', `/api/workflows/${id}/execute`, { inputs: {} }, key),
    ];
    expect(first.status).toBe(200);
    expect(second.body).toEqual(first.body);
    const made = await flow.send('POST', '/api/workflows', { name: 'k', nodes: [log('a')] }, { 'idempotency-key': `${id}-made` });
    const again = await flow.send('POST', '/api/workflows', { name: 'k', nodes: [log('a')] }, { 'idempotency-key': `${id}-made` });
    expect(again.body).toEqual(made.body);
  });

  row('errors', '{"error"} on every one: bad bodies, methods, paths, keys', async () => {
    const error = async (
      status: number,
      method: string,
      path: string,
      body?: unknown,
      headers?: Record<string, string>,
    ): Promise<string> => {
      const reply = await flow.send(method, path, body, headers);
      expect([reply.status, Object.keys(reply.body as object)]).toEqual([status, ['error']]);
      return (reply.body as { error: string }).error;
    };
    const path = '/api/workflows';
    expect(await error(400, 'POST', path, '{')).toContain('JSON');
    expect(await error(400, 'POST', path)).toBeTruthy();
    expect(await error(400, 'POST', path, [])).toBe('The body must be a JSON object');
    expect(await error(400, 'POST', path, { name: 'x', nodes: [{}] })).toBe('Invalid input data: nodes[0].node_type is required');
    expect(await error(400, 'POST', path, { nodes: 5 })).toContain('name is required; nodes must be array');
    expect(await error(400, 'POST', path, { name: 'x', nodes: [log('a')], settings: { on_error: 'Explode' } })).toContain(
      'settings.on_error',
    );
    expect(await error(400, 'POST', `${path}/${ID}/execute`, {})).toBe('Invalid input data: inputs is required');
    expect(await error(400, 'POST', `${path}/${ID}/execute`, { inputs: 5 })).toContain('inputs must be object');
    expect(await error(404, 'POST', `${path}/nothing/execute`, { inputs: {} })).toBe('Workflow nothing not found');
    expect(await error(415, 'POST', path, 'name=x', { 'content-type': 'text/plain' })).toContain('application/json');
    expect(await error(405, 'PUT', `${path}/${ID}`, {})).toBeTruthy();
    for (const nowhere of ['/', '/api', '/nothing']) expect(await error(404, 'GET', nowhere)).toBe('no such route');
    const large = await flow.send('POST', path, { name: 'x'.repeat(17 * 1024 * 1024), nodes: [] });
    expect([large.status, Object.keys(large.body as object)]).toEqual([413, ['error']]);
    const unknown = await flow.withKey('hdl_unknown').send('GET', path);
    expect([unknown.status, Object.keys(unknown.body as object)]).toEqual([401, ['error']]);
    await expect(DialectSocket.open(`${flow.url}/api/events`, 'hdl_unknown')).rejects.toThrow('no socket');
  });

  row('POST /api/workflows', 'the error of a graph that cannot be: unknown types, missing nodes, cycles, other doors', async () => {
    const refused = async (workflow: object, status = 400): Promise<string> =>
      (await flow.post<{ error: string }>('/api/workflows', { name: 'x', ...workflow }, status)).error;
    expect(await refused({ nodes: [{ node_type: 'no.such' }] })).toBe('Workflow error: Unknown node type: no.such');
    expect(await refused({ nodes: [log('a')], connections: [link('a', 'x', 'b', 'y')] })).toBe('Workflow error: Node not found: b');
    expect(await refused({ nodes: [log('a'), log('a')] })).toBe('Workflow error: Duplicate node id: a');
    const cycle = { nodes: [log('a'), log('b')], connections: [link('a', 'x', 'b', 'y'), link('b', 'x', 'a', 'y')] };
    expect(await refused(cycle)).toBe('Workflow error: Cyclic dependency detected');
    const native = await server.api.post<{ id: string }>('/workflows', {
      name: 'demo/theirs',
      nodes: [{ id: 'a', type: 'debug.log', config: { message: 1 } }],
    });
    expect(await refused({ id: native.body.id, nodes: [log('a')] }, 409)).toContain('was not created through this API');
  });

  row('GET /api/workflows/{id}', 'workflows that came another way, listed, shown and executed by our id', async () => {
    const { body } = await server.api.post<{ id: string }>('/workflows', {
      name: 'demo/theirs',
      inputs: { type: 'object', required: ['n'], properties: { n: { type: 'number' } } },
      nodes: [
        { id: 'a', type: 'transform.set', config: { values: { n: '{{ inputs.n }}' } } },
        { id: 'b', type: 'debug.log', needs: ['a'], config: { message: '{{ nodes.a.output.n }}' } },
      ],
    });
    expect(await flow.get<Item[]>('/api/workflows')).toContainEqual({
      id: body.id,
      name: 'demo/theirs',
      description: null,
      nodes: 2,
      connections: 1,
    });
    for (const id of [body.id, 'demo%2Ftheirs']) {
      expect(await flow.get(`/api/workflows/${id}`)).toMatchObject({
        id: body.id,
        nodes: [{ id: 'a', node_type: 'transform.set', config: { values: { type: 'Json', value: { n: '{{ inputs.n }}' } } } }, { id: 'b' }],
        connections: [link('a', 'output', 'b', 'input')],
      });
      expect(await execute(id, { n: { type: 'Number', value: 5 } })).toMatchObject({ completed_nodes: 2, total_nodes: 2 });
    }
    expect(await flow.post(`/api/workflows/${body.id}/execute`, { inputs: {} }, 400)).toMatchObject({
      error: expect.stringContaining('n is required') as unknown,
    });
  });

  row('headers', 'browsers may call from any origin, with any header', async () => {
    for (const [method, path] of [
      ['GET', '/api/workflows'],
      ['GET', '/api/workflows/nothing'],
      ['GET', '/health'],
    ] as const) {
      const { headers } = await flow.send(method, path, undefined, { origin: 'https://anywhere.example' });
      expect(headers.get('access-control-allow-origin')).toBe('*');
    }
    const preflight = await flow.open('OPTIONS', '/api/workflows', undefined, {
      origin: 'https://anywhere.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-anything',
    });
    expect(preflight.ok).toBe(true);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('DELETE');
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toBe('content-type,x-anything');
  });

  row('GET /openapi.json', 'an OpenAPI 3 document, also below /api-docs', async () => {
    const document = await flow.get<{ openapi: string; info: object; paths: object }>('/openapi.json');
    expect(document.openapi).toMatch(/^3\./);
    expect(document.info).toMatchObject({ title: 'FlowEngine API', version: '0.1.0' });
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/health', '/api/workflows', '/api/workflows/{id}/execute', '/api/nodes']),
    );
    expect(await flow.get('/api-docs/openapi.json')).toEqual(document);
    expect((await flow.send('GET', '/api-docs/')).body).toContain('swagger');
  });

  row('snippets', 'the curl commands as they stand', async () => {
    const output = await bash(`
      cd $(mktemp -d); ln -s ${dirname(GITHUB_ZEN)} examples; trap 'rm -r "$PWD"' EXIT
      curl -s ${flow.url}/health
      WORKFLOW_ID=$(curl -s -X POST ${flow.url}/api/workflows \\
      -H "Content-Type: application/json" \\
      -d @examples/github_zen.json | jq -r .id)
      curl -s -X POST ${flow.url}/api/workflows/$WORKFLOW_ID/execute \\
      -H "Content-Type: application/json" \\
      -d '{
      "inputs": {
      "url": {
      "type": "String",
      "value": "${zen}"
      }
      }
      }'
      curl -s ${flow.url}/api/workflows`);
    expect(output).toContain('"status":"healthy"');
    expect(output).toContain('"completed_nodes":2,"total_nodes":2');
    expect(output).toContain('"name":"GitHub Zen"');
  });

  row('snippets', 'the JavaScript as it stands, events and all', async () => {
    const output = await javascript(`
      import { readFileSync } from 'node:fs';
      const workflowDefinition = JSON.parse(readFileSync('${GITHUB_ZEN}', 'utf8'));
      const ws = new WebSocket('${flow.url.replace('http', 'ws')}/api/events');
      ws.onmessage = (event) => {
      const data = JSON.parse(event.data);
      switch(data.type) {
      case 'WorkflowStarted':
      console.log('Workflow started:', data.workflow_id);
      break;
      case 'NodeStarted':
      console.log('Node started:', data.node_type);
      break;
      case 'NodeCompleted':
      console.log('Node completed in', data.duration_ms, 'ms');
      break;
      case 'NodeEvent':
      if (data.event.event_type === 'Info') {
      console.log('Info:', data.event.message);
      }
      break;
      case 'WorkflowCompleted':
      console.log('Workflow completed!', data.success ? '✓' : '✗');
      break;
      }
      };
      ws.onopen = () => console.log('Connected to event stream');
      ws.onerror = (error) => console.error('WebSocket error:', error);
      await new Promise((resolve) => ws.addEventListener('open', resolve));
      ws.addEventListener('message', ({ data }) => JSON.parse(data).type === 'WorkflowCompleted' && ws.close());

      // Create workflow
      const workflow = await fetch('${flow.url}/api/workflows', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(workflowDefinition)
      });
      const { id: workflowId } = await workflow.json();
      // Execute workflow
      const execution = await fetch(\`${flow.url}/api/workflows/\${workflowId}/execute\`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
      inputs: {
      url: { type: 'String', value: '${zen}' }
      }
      })
      });
      const result = await execution.json();
      console.log(\`Execution \${result.execution_id} completed\`);`);
    for (const line of [
      'Connected to event stream',
      'Workflow started: 8f14e45f-ceea-467f-9d53-2c1f6b6a2f11',
      'Node started: http.request',
      `Info: GET ${zen}`,
    ]) {
      expect(output).toContain(`${line}\n`);
    }
    expect(output).toMatch(/Execution [0-9a-f-]{36} completed/);
    expect(output).toContain('Workflow completed! ✓');
  });

  row('snippets', 'the Python, through requests where it is installed, else through urllib', async () => {
    if (!(await hasPython())) return;
    const viaRequests = `import requests
import json
# Create workflow
with open('${GITHUB_ZEN}') as f:
    workflow = json.load(f)
response = requests.post(
    '${flow.url}/api/workflows',
    json=workflow
)
workflow_id = response.json()['id']
# Execute workflow
execution = requests.post(
    f'${flow.url}/api/workflows/{workflow_id}/execute',
    json={
        'inputs': {
            'url': {
                'type': 'String',
                'value': '${zen}'
            }
        }
    }
)
result = execution.json()
print(f"Execution {result['execution_id']} completed")
print(f"Nodes: {result['completed_nodes']}/{result['total_nodes']}")
`;
    const viaUrllib = `import json, urllib.request
def post(url, value):
    request = urllib.request.Request(url, json.dumps(value).encode(), {'Content-Type': 'application/json'})
    return json.load(urllib.request.urlopen(request))
with open('${GITHUB_ZEN}') as f:
    workflow = json.load(f)
workflow_id = post('${flow.url}/api/workflows', workflow)['id']
result = post(f'${flow.url}/api/workflows/{workflow_id}/execute', {'inputs': {'url': {'type': 'String', 'value': '${zen}'}}})
print(f"Execution {result['execution_id']} completed")
print(f"Nodes: {result['completed_nodes']}/{result['total_nodes']}")
`;
    expect(await python((await hasPython('requests')) ? viaRequests : viaUrllib)).toContain('Nodes: 2/2');
  });

  deviation(
    'POST /api/workflows',
    'a graph that cannot be executed is refused at once, and so is one without nodes',
    'every door sees the workflow, and none may start what cannot run',
    async () => {
      const { error } = await flow.post<{ error: string }>('/api/workflows', { name: 'x', nodes: [] }, 400);
      expect(error).toContain('nodes');
    },
  );

  deviation(
    'POST /api/workflows/{id}/execute',
    'the error of a failed execution begins with "Execution error: Node <id> failed:"',
    'it names the node, as the original does where its page has "Node execution failed:"',
    async () => {
      const id = await create({ nodes: [sh('a', 'exit 1')] });
      expect(await failure(id)).toBe('Execution error: Node a failed: Execution failed: Command exited with code 1');
    },
  );

  deviation(
    'GET /api/events',
    'lines of shell.exec are told whether or not stream_output is set',
    'they are the log of the run, which every door shows',
    async () => {
      const frames = await told({ nodes: [sh('a', 'echo line', { stream_output: false })] });
      expect(eventsOf(frames, 'a')).toEqual([{ event_type: 'StdoutLine', line: 'line' }]);
    },
  );

  deviation(
    'nodes',
    'inputs of shell.exec do not become variables that the system, shells or interpreters obey',
    'whoever may start a run need not be trusted with what it executes; they are on standard input',
    async () => {
      const frames = await told({ nodes: [sh('a', 'echo "${LD_PRELOAD:-none}"')] }, { ld_preload: 'x.so' });
      expect(outputsOf(frames, 'a')).toMatchObject({ stdout: { value: 'none' } });
    },
  );
});

it('shows a tenant its own things only, and asks for a key', async () => {
  const [mine, yours] = [await strict.createKey({ tenant: 'mine' }), await strict.createKey({ tenant: 'yours' })];
  const door = new DialectClient(strict.dialects['flowengine'] ?? '', undefined);
  const [me, you] = [door.withKey(mine.key), door.withKey(yours.key)];
  const socket = await DialectSocket.open(`${door.url}/api/events`, yours.key);
  await me.post('/api/workflows', CREATE, 201);
  const { body: native } = await mine.api.get<{ data: { id: string }[] }>('/workflows');
  await me.post(`/api/workflows/${ID}/execute`, { inputs: {} }, 500);
  for (const id of [ID, native.data[0]?.id]) {
    expect((await you.send('GET', `/api/workflows/${id}`)).status).toBe(404);
    expect((await you.send('POST', `/api/workflows/${id}/execute`, { inputs: {} })).status).toBe(404);
  }
  expect(await you.get('/api/workflows')).toEqual([]);
  // The same id is another workflow for another tenant.
  await you.post('/api/workflows', { ...CREATE, name: 'Mine' }, 201);
  expect(await me.get(`/api/workflows/${ID}`)).toMatchObject({ name: 'My Workflow' });
  await you.post(`/api/workflows/${ID}/execute`, { inputs: {} }, 500);
  const frames = await socket.until((all) => all.at(-1)?.['type'] === 'WorkflowCompleted');
  expect(new Set(frames.map((frame) => frame['execution_id'])).size).toBe(1);
  await socket.close();
  for (const path of ['/api/workflows', '/api/nodes'])
    expect(await door.expect('GET', path, undefined, 401)).toMatchObject({ error: expect.any(String) as unknown });
  await expect(DialectSocket.open(`${door.url}/api/events`)).rejects.toThrow('no socket');
  expect((await door.send('GET', '/health')).status).toBe(200);
});
