import { afterAll, beforeAll, describe, expect } from 'vitest';
import { entrancesOf } from './support/entrances.js';
import { eventsOf, FlowEngineClient, type FlowEngineWorld, link, log, outputsOf, sh, startWorld } from './support/flowengine.js';
import { deviation, row } from './support/rows.js';

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

  row('connections', 'ports: all inputs at the beginning, only what is connected later, the last of several into one', async () => {
    const frames = await flow.told(
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
    const stop = await flow.create({ nodes, connections });
    expect(await flow.failure(stop)).toBe('Execution error: Node bad failed: Execution failed: Command exited with code 3');
    const on = { nodes, connections, settings: { on_error: 'ContinueOnError' } };
    expect(await flow.execute(await flow.create(on))).toMatchObject({ completed_nodes: 3, total_nodes: 3 });
    const frames = await flow.told(on);
    expect(frames.find(({ type }) => type === 'NodeFailed')).toMatchObject({ node_id: 'bad' });
    expect(outputsOf(frames, 'after')).toEqual({ message: { type: 'String', value: '(no message)' } });
    expect(frames.at(-1)).toMatchObject({ success: true });
    const once = sh('once', 'test "$HEDDLE_WORKSPACE" && test -e seen || { touch seen; exit 1; }');
    const again = await flow.create({ nodes: [once], settings: { on_error: { RetryWorkflow: { max_attempts: 2 } } } });
    expect(await flow.execute(again)).toMatchObject({ completed_nodes: 1 });
    expect(await flow.execute(await flow.create({ nodes: [once], settings: { on_error: 'RetryWorkflow' } }))).toMatchObject({
      completed_nodes: 1,
    });
  });

  row('settings', 'the limit of time is of the whole workflow, and so many nodes run at once', async () => {
    const wait = (id: string): object => ({ id, node_type: 'time.delay', config: { delay_ms: 300 } });
    const connections = [link('a', 'x', 'b', 'x')];
    const late = await flow.create({ nodes: [wait('a'), wait('b')], connections, settings: { max_execution_time_ms: 400 } });
    expect(await flow.failure(late)).toBe('Execution error: Timeout after 0.4s');
    const frames = await flow.told({ nodes: ['a', 'b', 'c'].map(log), settings: { max_parallel_nodes: 1 } });
    const order = frames
      .map(({ type, node_id }) => `${String(type)} ${String(node_id)}`)
      .filter((text) => /Node(?:Started|Completed)/.test(text));
    expect(order).toEqual(['a', 'b', 'c'].flatMap((id) => [`NodeStarted ${id}`, `NodeCompleted ${id}`]));
  });

  row('retry_policy', 'attempts with back-off, and none after a timeout when it says so', async () => {
    const retry_policy = { max_attempts: 3, delay_ms: 5, backoff_multiplier: 1, retry_on_timeout: false };
    const flaky = sh('flaky', 'n=$(cat n 2>/dev/null || echo 0); n=$((n+1)); echo $n > n; test $n -eq 3');
    const frames = await flow.told({ nodes: [{ ...flaky, retry_policy }] });
    expect(eventsOf(frames, 'flaky')).toHaveLength(2);
    const slow = await flow.told({ nodes: [{ ...sh('slow', 'sleep 60', { timeout: 0.2 }), retry_policy }] }, {}, 'failure');
    expect(eventsOf(slow, 'slow')).toEqual([]);
    expect(slow.at(-2)).toMatchObject({ type: 'NodeFailed', error: 'Timeout after 0.2s' });
  });

  row('nodes', 'shell.exec: inputs on standard input and in the environment, config of all kinds', async () => {
    const frames = await flow.told(
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
    const { url, adminKey } = await world.strict();
    const closed = new FlowEngineClient(`${url}/compat/flowengine`, adminKey);
    const error = await closed.failure(await closed.create({ nodes: [sh('a', 'true')] }));
    expect(error).toMatch(/^Execution error: Node a failed: Configuration error: No process is started: .*HEDDLE_SHELL=files/);
  });

  row('nodes', 'http.request: method, headers, bodies; bad methods and addresses', async () => {
    const post = { id: 'post', node_type: 'http.request', config: { method: 'POST', headers: { 'x-a': 'b' } } };
    const frames = await flow.told({ nodes: [post] }, { url: zen, body: { a: 1 } });
    expect(outputsOf(frames, 'post')).toMatchObject({
      body: { type: 'String', value: '{"a":1}' },
      headers: { value: { 'x-method': { value: 'POST' } } },
    });
    const bad = await flow.create({ nodes: [{ ...post, config: { method: 'BREW' } }] });
    expect(await flow.failure(bad, { url: zen })).toMatch(/^Execution error: Node post failed: Configuration error: method must be one of/);
    expect(await flow.failure(await flow.create({ nodes: [post] }), { url: 'ftp://x' })).toMatch(
      /^Execution error: Node post failed: Execution failed: /,
    );
  });

  row('nodes', 'debug.log, time.delay and the transforms, also when they fail', async () => {
    const frames = await flow.told(
      { nodes: [log('a'), { id: 'b', node_type: 'time.delay', config: { delay_ms: 2 } }] },
      { message: 'hi', n: 1 },
    );
    expect(outputsOf(frames, 'a')).toEqual({ message: { type: 'String', value: 'hi' } });
    expect(eventsOf(frames, 'a')).toEqual([{ event_type: 'Info', message: 'hi' }]);
    expect(outputsOf(frames, 'b')).toEqual({ message: { type: 'String', value: 'hi' }, n: { type: 'Number', value: 1 } });
    const parse = await flow.create({ nodes: [{ id: 'p', node_type: 'transform.json_parse' }] });
    expect(await flow.failure(parse, { json: '{' })).toMatch(/^Execution error: Node p failed: Execution failed: /);
    expect(await flow.failure(parse, {})).toBe('Execution error: Node p failed: Missing required input: json');
    const delay = await flow.create({ nodes: [{ id: 'd', node_type: 'time.delay', config: { delay_ms: 'long' } }] });
    expect(await flow.failure(delay)).toMatch(/^Execution error: Node d failed: Configuration error: delay_ms/);
  });

  row('nodes', 'those that need docker or Zypi fail, and say so', async () => {
    for (const [node_type, backend] of [
      ['docker.run', 'docker'],
      ['api.call', 'zypi'],
      ['browser.render', 'zypi'],
      ['zypi.exec', 'zypi'],
      ['zypi.session_create', 'zypi'],
    ]) {
      const id = await flow.create({ nodes: [{ id: 'n', node_type, config: { image: 'x' } }] });
      expect(await flow.failure(id)).toBe(`Execution error: Node n failed: Configuration error: no ${backend} backend is configured`);
    }
  });

  deviation(
    'nodes',
    'inputs of shell.exec do not become variables that the system, shells or interpreters obey',
    'whoever may start a run need not be trusted with what it executes; they are on standard input',
    async () => {
      const frames = await flow.told({ nodes: [sh('a', 'echo "${LD_PRELOAD:-none}"')] }, { ld_preload: 'x.so' });
      expect(outputsOf(frames, 'a')).toMatchObject({ stdout: { value: 'none' } });
    },
  );
});
