import { describe, expect, it } from 'vitest';
import type { JsonObject, RunEvent, RunEventType } from '../../engine/index.js';
import { FlowEngineEvents } from './events.js';

const RUN = '0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b';
const OWN = { kind: 'workflow', workflowId: 'w', name: 'flowengine/orders' } as const;
const FOREIGN = { kind: 'workflow', workflowId: 'w', name: 'demo/orders' } as const;

function event(type: RunEventType, data: JsonObject = {}, step?: string, ms = 0): RunEvent {
  return { run_id: RUN, seq: 1, type, at: new Date(1_700_000_000_000 + ms).toISOString(), data, ...(step === undefined ? {} : { step }) };
}

function tell(...happened: RunEvent[]): (object | null)[] {
  const events = new FlowEngineEvents();
  return happened.map((each) => events.translate({ event: each, subject: OWN }));
}

describe('what happens to runs and nodes', () => {
  it('is told with how long it took', () => {
    const type = { node_type: 'flowengine.http.request' };
    expect(
      tell(
        event('run.created'),
        event('run.started'),
        event('step.started', type, '_31', 5),
        event('step.completed', { ...type, output: { status: 200, body: 'zen', headers: { a: 'b' } } }, '_31', 239),
        event('run.completed', {}, undefined, 243),
      ),
    ).toEqual([
      null,
      { type: 'WorkflowStarted', execution_id: RUN, workflow_id: 'orders', timestamp: '2023-11-14T22:13:20.000Z' },
      { type: 'NodeStarted', execution_id: RUN, node_id: '1', node_type: 'http.request', timestamp: '2023-11-14T22:13:20.005Z' },
      {
        type: 'NodeCompleted',
        execution_id: RUN,
        node_id: '1',
        outputs: {
          status: { type: 'Number', value: 200 },
          body: { type: 'String', value: 'zen' },
          headers: { type: 'Object', value: { a: { type: 'String', value: 'b' } } },
        },
        duration_ms: 234,
        timestamp: '2023-11-14T22:13:20.239Z',
      },
      { type: 'WorkflowCompleted', execution_id: RUN, success: true, duration_ms: 243, timestamp: '2023-11-14T22:13:20.243Z' },
    ]);
  });

  it('begins once, however many attempts there are', () => {
    const error = { error: { code: 'x', message: 'too bad' } };
    const told = tell(
      event('step.started', {}, 'a'),
      event('step.retrying', error, 'a'),
      event('step.started', {}, 'a'),
      event('step.failed', error, 'a'),
      event('run.failed'),
    );
    expect(told).toMatchObject([
      { type: 'NodeStarted' },
      { type: 'NodeEvent', event: { event_type: 'Warning', message: 'attempt failed: too bad' } },
      null,
      { type: 'NodeFailed', error: 'too bad' },
      { type: 'WorkflowCompleted', success: false },
    ]);
  });

  it('has our ids of what came another way, and an age where the beginning was missed', () => {
    const events = new FlowEngineEvents();
    const told = (each: RunEvent): object | null => events.translate({ event: each, subject: FOREIGN });
    expect(told(event('run.started'))).toMatchObject({ workflow_id: 'w' });
    expect(told(event('step.completed', { output: 3 }, '_31'))).toMatchObject({
      node_id: '_31',
      outputs: { output: { type: 'Number', value: 3 } },
      duration_ms: 0,
    });
    const late = new FlowEngineEvents().translate({ event: event('run.cancelled', {}, undefined, 86_400_000_000), subject: FOREIGN });
    expect(late).toMatchObject({ type: 'WorkflowCompleted', success: false, duration_ms: expect.any(Number) as unknown });
    expect(told(event('step.cancelled', {}, 'a'))).toMatchObject({ type: 'NodeFailed', error: 'Cancelled' });
  });
});

describe('what a node says', () => {
  it.each<[RunEvent, object | null]>([
    [event('step.output', { stream: 'log', level: 'info', message: 'm' }, 'a'), { event_type: 'Info', message: 'm' }],
    [event('step.output', { stream: 'log', level: 'debug', message: 'm' }, 'a'), { event_type: 'Info', message: 'm' }],
    [event('step.output', { stream: 'log', level: 'error', message: 'm' }, 'a'), { event_type: 'Warning', message: 'm' }],
    [event('step.output', { stream: 'stdout', level: 'info', message: 'm' }, 'a'), { event_type: 'StdoutLine', line: 'm' }],
    [event('step.output', { stream: 'stderr', level: 'warn', message: 'm' }, 'a'), { event_type: 'StderrLine', line: 'm' }],
    [
      event('step.output', { progress: { documents: 1, documents_total: 4, chunks: 9 } }, 'a'),
      { event_type: 'Progress', percent: 25, message: '{"documents":1,"documents_total":4,"chunks":9}' },
    ],
    [event('step.output', { progress: { chunks: 9 } }, 'a'), { event_type: 'Progress', percent: 0, message: '{"chunks":9}' }],
    [event('step.output', { n: 1 }, 'a'), { event_type: 'Data', port: 'output', value: { type: 'Json', value: { n: 1 } } }],
    [event('token', { text: 'Hi' }, 'a/turn-1/model'), { event_type: 'Data', port: 'token', value: { type: 'String', value: 'Hi' } }],
    [
      event('artifact.created', { name: 'f' }, 'a'),
      { event_type: 'Data', port: 'artifact', value: { type: 'Json', value: { name: 'f' } } },
    ],
    [event('tool.call', { name: 't' }, 'a/t'), { event_type: 'Data', port: 'tool.call', value: { type: 'Json', value: { name: 't' } } }],
    [event('step.waiting', {}, 'a'), null],
    [event('step.skipped', {}, 'a'), null],
    [event('step.started', {}, 'a/inner'), null],
    [event('step.completed', { output: 1 }, 'a/inner'), null],
  ])('%j', (happened, expected) => {
    const [told] = tell(happened);
    expect(told).toEqual(
      expected === null ? null : { type: 'NodeEvent', execution_id: RUN, node_id: 'a', event: expected, timestamp: happened.at },
    );
  });

  it.each<[string, JsonObject, object]>([
    ['transform.json_parse', { parsed: 5 }, { parsed: { type: 'Json', value: 5 } }],
    ['shell.exec', { output: [1], stdout: '[1]' }, { output: { type: 'Json', value: [1] }, stdout: { type: 'String', value: '[1]' } }],
    ['shell.exec', { output: 'x' }, { output: { type: 'String', value: 'x' } }],
    ['time.delay', { a: null, b: true }, { a: { type: 'Null' }, b: { type: 'Bool', value: true } }],
  ])('%s puts out %j', (type, output, outputs) => {
    expect(tell(event('step.completed', { node_type: `flowengine.${type}`, output }, 'a'))).toMatchObject([{ outputs }]);
  });

  it('tells where an output is that is too large', () => {
    expect(tell(event('step.completed', { output_ref: { artifact: 'x' } }, 'a'))).toMatchObject([
      { outputs: { output_ref: { type: 'Json', value: { artifact: 'x' } } } },
    ]);
  });
});
