import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../engine/model/json.js';
import type { ChildRunRequest, ChildRunResult, DurableCall, LogLevel } from '../../../engine/ports/node-type.js';
import { SchemaValidator } from '../schema-validator.js';
import { ControlFailNode } from './control-fail.node.js';
import { DebugLogNode } from './debug-log.node.js';
import { TimeDelayNode } from './time-delay.node.js';
import { JsonParseNode, JsonStringifyNode } from './transform-json.node.js';
import { TransformSetNode } from './transform-set.node.js';
import { WorkflowRunNode } from './workflow-run.node.js';

function fits(schema: JsonObject, value: Json): boolean {
  return new SchemaValidator().compile(schema)(value).length === 0;
}

describe('debug.log', () => {
  it.each<[JsonObject, string, LogLevel]>([
    [{ message: 'hello' }, 'hello', 'info'],
    [{ message: { a: 1 }, level: 'warn' }, '{"a":1}', 'warn'],
    [{ message: null, level: 'debug' }, 'null', 'debug'],
  ])('logs %j', async (config, message, level) => {
    const node = new DebugLogNode();
    const lines: [LogLevel, string][] = [];
    expect(await node.execute({ config, log: (...line) => void lines.push([line[0], line[1]]) })).toEqual({ message });
    expect(lines).toEqual([[level, message]]);
    expect(fits(node.configSchema, config)).toBe(true);
  });

  it('takes known levels only', () => {
    expect(fits(new DebugLogNode().configSchema, { message: 'x', level: 'loud' })).toBe(false);
  });
});

describe('transform', () => {
  it.each<Json>([{ a: 1 }, 'text', 0, null, [1, 2]])('set answers its values: %j', async (values) => {
    expect(await new TransformSetNode().execute({ config: { values } })).toEqual(values);
  });

  it.each<[string, Json]>([
    ['{"a":[1,null]}', { a: [1, null] }],
    ['"x"', 'x'],
    [' 3 ', 3],
    [JSON.stringify({ text: '[{"}' }), { text: '[{"}' }],
  ])('json_parse reads %s', async (value, parsed) => {
    expect(await new JsonParseNode().execute({ config: { value } })).toEqual({ value: parsed });
  });

  it.each(['', '{', 'undefined', "{'a':1}", '['.repeat(100_000), '['.repeat(600) + ']'.repeat(600)])(
    'json_parse fails on %.20s',
    async (value) => {
      await expect(new JsonParseNode().execute({ config: { value } })).rejects.toMatchObject({ code: 'invalid_json', retryable: false });
    },
  );

  it('json_stringify writes compact or indented', async () => {
    const value = { a: [1], b: 'é' };
    expect(await new JsonStringifyNode().execute({ config: { value } })).toEqual({ value: '{"a":[1],"b":"é"}' });
    expect(await new JsonStringifyNode().execute({ config: { value: [1], indent: 2 } })).toEqual({ value: '[\n  1\n]' });
  });
});

describe('time.delay', () => {
  it('sleeps from its recorded start', async () => {
    const slept: [string, number][] = [];
    const output = await new TimeDelayNode().execute({
      config: { delay_ms: 250 },
      startedAt: async () => 1000,
      sleepUntil: async (key, at) => void slept.push([key, at]),
    });
    expect(output).toEqual({});
    expect(slept).toEqual([['until', 1250]]);
  });

  it.each([-1, 1.5, 40 * 365 * 24 * 3600 * 1000, 'soon'])('refuses %s', (delay_ms) => {
    expect(fits(new TimeDelayNode().configSchema, { delay_ms })).toBe(false);
  });
});

describe('control.fail', () => {
  it('fails for good with what it was given', async () => {
    await expect(new ControlFailNode().execute({ config: { message: 'no stock', code: 'no_stock', details: [1] } })).rejects.toMatchObject({
      code: 'no_stock',
      message: 'no stock',
      details: [1],
      retryable: false,
    });
    await expect(new ControlFailNode().execute({ config: { message: 'no' } })).rejects.toMatchObject({ code: 'failed' });
  });
});

describe('workflow.run', () => {
  const node = new WorkflowRunNode();
  const started: [string, ChildRunRequest][] = [];

  function call(
    config: JsonObject,
    child: Partial<ChildRunResult> = {},
    depth = 0,
  ): Pick<DurableCall, 'config' | 'run' | 'attempt' | 'startChild' | 'waitForChild'> {
    started.length = 0;
    return {
      config,
      attempt: 1,
      run: {
        id: 'parent',
        kind: 'workflow',
        tenant: 't',
        workflow: null,
        source: 'api',
        depth,
        trigger: 'api',
        createdAt: '2026-01-01T00:00:00.000Z',
      },
      startChild: async (key, request) => {
        started.push([key, request]);
        return 'child-id';
      },
      waitForChild: async (_, runId) => ({ runId, status: 'success', outputs: { n: 1 }, error: null, ...child }),
    };
  }

  it('starts a run and answers with its outputs', async () => {
    expect(await node.execute(call({ workflow: 'a/b', version: 2, inputs: { x: 1 } }))).toEqual({
      run_id: 'child-id',
      status: 'success',
      outputs: { n: 1 },
    });
    expect(started).toEqual([['start-1', { workflow: 'a/b', version: 2, inputs: { x: 1 } }]]);
  });

  it('does not wait when told so', async () => {
    expect(await node.execute(call({ workflow: 'a/b', wait: false }))).toEqual({ run_id: 'child-id', status: 'pending', outputs: null });
    expect(started[0]?.[1].inputs).toEqual({});
  });

  it.each(['failed', 'cancelled'] as const)('fails when the run ended as %s', async (status) => {
    const error = { code: 'boom', message: 'it broke' };
    const failing = { status, outputs: null, error };
    await expect(node.execute(call({ workflow: 'a/b' }, failing))).rejects.toMatchObject({
      code: 'child_failed',
      details: { run_id: 'child-id', status, error },
    });
    expect(await node.execute(call({ workflow: 'a/b', fail_on_error: false }, failing))).toEqual({
      run_id: 'child-id',
      status,
      outputs: null,
      error,
    });
  });

  it('refuses to nest too deeply, before anything is started', async () => {
    await expect(node.execute(call({ workflow: 'a/b' }, {}, 16))).rejects.toMatchObject({ code: 'depth_exceeded', retryable: false });
    expect(started).toEqual([]);
    await node.execute(call({ workflow: 'a/b' }, {}, 15));
    await expect(node.execute(call({ workflow: 'a/b', max_depth: 1 }, {}, 1))).rejects.toMatchObject({ code: 'depth_exceeded' });
  });
});
