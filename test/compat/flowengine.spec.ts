import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import { eventually } from '../support/runs.js';
import { entrancesOf } from './support/entrances.js';
import { eventsOf, FlowEngineClient, type FlowEngineWorld, link, log, NODE_1, sh, startWorld } from './support/flowengine.js';
import { DialectClient } from './support/http.js';
import { deviation, row } from './support/rows.js';
import { expectShape } from './support/shape.js';
import { DialectSocket, type Frame } from './support/socket.js';

const UUID = /^[0-9a-f-]{36}$/;
const ID = '550e8400-e29b-41d4-a716-446655440000';
/** As the page prints it. */
const CREATE = {
  id: ID,
  name: 'My Workflow',
  description: 'Example workflow',
  nodes: [NODE_1],
  connections: [],
  triggers: [],
  settings: { max_parallel_nodes: 10, on_error: 'StopWorkflow' },
};

interface Item {
  id: string;
  name: string;
  nodes: number;
  connections: number;
}

let world: FlowEngineWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.close());

describe.each(entrancesOf('flowengine'))('FlowEngine %s', (_where, urlOf) => {
  let flow: FlowEngineClient;
  let zen: string;

  beforeAll(() => {
    flow = new FlowEngineClient(urlOf(world.server), undefined);
    zen = world.zen;
  });

  row('GET /health', 'the example', async () => {
    const health = await flow.get('/health');
    expect(health).toEqual({ status: 'healthy', version: '0.1.0', service: 'flowengine' });
  });

  row('POST /api/workflows', 'the example', async () => {
    expect(await flow.post('/api/workflows', CREATE, 201)).toEqual({ id: ID, message: 'Workflow created successfully' });
  });

  row('GET /api/workflows', 'the example', async () => {
    await flow.create(CREATE);
    const workflows = await flow.get<Item[]>('/api/workflows');
    expectShape(
      workflows.filter(({ id }) => id === ID),
      [{ id: ID, name: 'My Workflow', description: 'Example workflow', nodes: 3, connections: 2 }],
    );
    expect(workflows).toContainEqual({ id: ID, name: 'My Workflow', description: 'Example workflow', nodes: 1, connections: 0 });
  });

  row('GET /api/workflows/{id}', 'the example: as it was sent, null where nothing was', async () => {
    await flow.create(CREATE);
    expect(await flow.get(`/api/workflows/${ID}`)).toEqual({
      ...CREATE,
      nodes: [{ ...NODE_1, name: null, retry_policy: null }],
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
    const id = await flow.create({ id: 'to be/deleted', nodes: [log('a')] });
    const path = `/api/workflows/${encodeURIComponent(id)}`;
    expect(await flow.expect('DELETE', path, undefined, 200)).toEqual({ message: 'Workflow deleted successfully' });
    for (const method of ['DELETE', 'GET']) {
      expect(await flow.expect(method, path, undefined, 404)).toEqual({ error: `Workflow ${id} not found` });
    }
    expect(await flow.expect('POST', `${path}/execute`, { inputs: {} }, 404)).toEqual({ error: `Workflow ${id} not found` });
  });

  row('POST /api/workflows/{id}/execute', 'the example', async () => {
    const id = await flow.create({ nodes: [NODE_1, log('node-2')], connections: [link('node-1', 'body', 'node-2', 'message')] });
    const answer = await flow.execute(id, { url: { type: 'String', value: zen } });
    expectShape(answer, { execution_id: '123e4567-e89b-12d3-a456-426614174000', completed_nodes: 2, total_nodes: 2 });
    expect(answer).toEqual({ execution_id: expect.stringMatching(UUID) as unknown, completed_nodes: 2, total_nodes: 2 });
  });

  row('POST /api/workflows/{id}/execute', 'inputs as typed and as raw values', async () => {
    const id = await flow.create({ nodes: [sh('a', 'test "$N-$LIST-$ON-$TEXT" = "1.5-[1,{}]-true-x"')] });
    expect(await flow.execute(id, { n: 1.5, list: [1, {}], on: true, text: 'x' })).toMatchObject({ completed_nodes: 1 });
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
    expect(await flow.execute(id, typed)).toMatchObject({ completed_nodes: 1 });
  });

  row('POST /api/workflows/{id}/execute', 'the error that the page shows, of a node that fails', async () => {
    const id = await flow.create(CREATE);
    expect(await flow.failure(id)).toBe('Execution error: Node node-1 failed: Missing required input: url');
    expect(await flow.failure(id, { url: 5 })).toBe(
      "Execution error: Node node-1 failed: Invalid input type for 'url': expected String, got Number",
    );
    expect(await flow.failure(id, { url: 'http://169.254.169.254/' })).toMatch(/^Execution error: Node node-1 failed: Execution failed: /);
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
    const frames = await flow.told({ nodes: [{ ...NODE_1, id: '1st node' }] }, { url: zen });
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
    const id = await flow.create({ nodes: [log('a')] });
    const socket = new WsClient(`${flow.url.replace('http', 'ws')}/api/events`);
    const frames: Frame[] = [];
    socket.on('message', (message: Buffer) => frames.push(JSON.parse(message.toString('utf8')) as Frame));
    await once(socket, 'open');
    const { execution_id } = await flow.execute(id);
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
    const frames = await flow.told(workflow, {}, 'failure');
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
    const { body } = await world.server.api.post<{ id: string }>('/workflows', workflow);
    const socket = await flow.listen();
    const runs = await Promise.all([1, 2].map(() => world.server.api.post<{ id: string }>('/workflows/demo%2Fother/runs')));
    const ends = (frames: readonly Frame[]): Frame[] =>
      frames.filter((frame) => frame['type'] === 'WorkflowCompleted' && runs.some((run) => run.body.id === frame['execution_id']));
    const all = await socket.until((frames) => ends(frames).length === 2);
    expect(all).toContainEqual(expect.objectContaining({ type: 'WorkflowStarted', execution_id: runs[0]?.body.id, workflow_id: body.id }));
    const waiting = await world.server.api.post<{ id: string }>('/workflows', {
      name: 'demo/wait',
      nodes: [{ id: 'w', type: 'control.wait', config: { name: 'go' } }],
    });
    const run = await world.server.api.post<{ id: string }>(`/workflows/${waiting.body.id}/runs`);
    const filtered = await flow.listen(`?execution_id=${run.body.id}`);
    await flow.post(`/api/workflows/${body.id}/execute`, { inputs: {} }, 200);
    await world.server.api.post(`/runs/${run.body.id}/signals/go`, { payload: 1 });
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
    const odd = await flow.create({
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
    expect(await flow.execute(encodeURIComponent(odd), { url: zen, body: 'posted' })).toMatchObject({ total_nodes: 1 });
  });

  row('POST /api/workflows', 'what it gives back may be sent again, and an id stands for what was sent last', async () => {
    const id = await flow.create({ nodes: [log('a')] });
    const shown = await flow.get<{ nodes: object[] }>(`/api/workflows/${id}`);
    expect(await flow.create(shown)).toBe(id);
    await flow.create({ ...shown, nodes: [...shown.nodes, log('b')] });
    expect(await flow.get<{ nodes: object[] }>(`/api/workflows/${id}`)).toMatchObject({ nodes: [{ id: 'a' }, { id: 'b' }] });
    expect((await flow.get<Item[]>('/api/workflows')).filter((item) => item.id === id)).toMatchObject([{ nodes: 2 }]);
  });

  row('POST /api/workflows/{id}/execute', 'an execution goes on when its caller leaves', async () => {
    const id = await flow.create({ id: `left-${_where.length}`, nodes: [{ id: 'w', node_type: 'time.delay', config: { delay_ms: 400 } }] });
    const leaving = new AbortController();
    const asked = fetch(`${flow.url}/api/workflows/${id}/execute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"inputs": {}}',
      signal: leaving.signal,
    }).catch(() => null);
    const runs = (): Promise<{ body: { data: { status: string }[] } }> =>
      world.server.api.get('/runs', { query: { workflow: `flowengine/${id}` } });
    await eventually(runs, ({ body }) => body.data.length === 1);
    leaving.abort();
    await asked;
    await eventually(runs, ({ body }) => body.data[0]?.status === 'success');
  });

  row('POST /api/workflows/{id}/execute', 'once per Idempotency-Key', async () => {
    const id = await flow.create({ nodes: [log('a')] });
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
    const native = await world.server.api.post<{ id: string }>('/workflows', {
      name: 'demo/theirs',
      nodes: [{ id: 'a', type: 'debug.log', config: { message: 1 } }],
    });
    expect(await refused({ id: native.body.id, nodes: [log('a')] }, 409)).toContain('was not created through this API');
  });

  row('GET /api/workflows/{id}', 'workflows that came another way, listed, shown and executed by our id', async () => {
    const { body } = await world.server.api.post<{ id: string }>('/workflows', {
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
      expect(await flow.execute(id, { n: { type: 'Number', value: 5 } })).toMatchObject({ completed_nodes: 2, total_nodes: 2 });
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
      const id = await flow.create({ nodes: [sh('a', 'exit 1')] });
      expect(await flow.failure(id)).toBe('Execution error: Node a failed: Execution failed: Command exited with code 1');
    },
  );

  deviation(
    'GET /api/events',
    'lines of shell.exec are told whether or not stream_output is set',
    'they are the log of the run, which every door shows',
    async () => {
      const frames = await flow.told({ nodes: [sh('a', 'echo line', { stream_output: false })] });
      expect(eventsOf(frames, 'a')).toEqual([{ event_type: 'StdoutLine', line: 'line' }]);
    },
  );
});

it('shows a tenant its own things only, and asks for a key', async () => {
  const strict = await world.strict();
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
