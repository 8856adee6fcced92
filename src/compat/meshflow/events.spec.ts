import { expect, it } from 'vitest';
import type { JsonObject, RunEvent, RunEventType } from '../../engine/index.js';
import { MeshEvents } from './events.js';
import { RunFrames } from './run-frames.js';
import { StreamLines } from './stream-lines.js';

let seq = 0;
const event = (type: RunEventType, data: JsonObject = {}, step?: string): RunEvent => ({
  run_id: 'r',
  seq: (seq += 1),
  type,
  at: new Date(Date.UTC(2026, 0, 1, 0, 0, seq)).toISOString(),
  ...(step === undefined ? {} : { step }),
  data,
});
const node = (type: RunEventType, id: string, data: JsonObject = {}): RunEvent =>
  event(type, { node_id: id, node_type: 'agent.run', ...data }, id);

const usage = { total_tokens: 5, cost_usd: 0.5 };
const STORY: readonly RunEvent[] = [
  event('run.created', { inputs: { task: 'Write' } }),
  event('run.started'),
  event('token', { text: 'Dra' }, 'draft/turn-1/model'),
  event('step.completed', { node_id: 'draft', node_type: 'agent.model', output: { usage } }, 'draft/turn-1/model'),
  node('step.started', 'draft'),
  node('step.completed', 'draft', { output: { response: 'Draft', usage } }),
  node('step.skipped', 'other'),
  event('approval.requested', { approval_id: 'x', message: 'Go?' }, 'gate'),
  event('approval.decided', { decision: 'approved' }, 'gate'),
  node('step.failed', 'send', { error: { code: 'http_status', message: '503', details: { usage } } }),
  event('run.failed', { error: { code: 'http_status', message: '503' } }),
];

it('a run is told in kinds, and summed up at its end', () => {
  const events = new MeshEvents();
  const told = STORY.flatMap((each) => events.eventsOf(each, 'demo/x'));
  expect(told.map(({ kind, node_id }) => `${kind} ${node_id}`.trim())).toEqual([
    'workflow_start',
    'step_start draft',
    'step_complete draft',
    'step_skipped other',
    'step_paused gate',
    'hitl_required gate',
    'checkpoint_saved gate',
    'hitl_approved gate',
    'step_blocked send',
    'workflow_failed',
  ]);
  expect(told.map(({ data }) => data)).toMatchObject([
    { workflow: 'demo/x', task: 'Write' },
    { kind: 'native' },
    { tokens: 5, cost_usd: 0.5, uncertainty: 1, content_preview: 'Draft' },
    {},
    { human_context: { reason: 'hitl_tier_threshold', node: 'gate', message: 'Go?', approval_id: 'x' } },
    { human_context: { node: 'gate' } },
    { paused_at: 'gate' },
    { decision: 'approved' },
    { blocked_by: 'node_exception:http_status: 503', uncertainty: 0 },
    { completed: false, total_tokens: 10, total_cost_usd: 1, duration_s: 10, blocked_nodes: ['send'], paused_nodes: [], error: '503' },
  ]);
  expect(told[0]).toMatchObject({ event_type: 'workflow_start', run_id: 'r', timestamp: Date.UTC(2026, 0, 1, 0, 0, 1) / 1_000 });
});

it('a stream that begins in the middle has no sums', () => {
  const [ended] = new MeshEvents().eventsOf(event('run.completed', { outputs: {} }), '');
  expect(ended?.data).toEqual({ completed: true });
});

it('a run is told in lines, of its tokens too', () => {
  const lines = new StreamLines();
  expect(STORY.flatMap((each) => lines.linesOf(each))).toMatchObject([
    { kind: 'token_delta', text: 'Dra', agent_id: 'draft' },
    { kind: 'step_complete', agent_id: 'draft', step: 1, tokens: 5, cost_usd: 0.5, output: 'Draft', blocked_by: '' },
    { kind: 'step_paused', agent_id: 'gate' },
    { kind: 'step_blocked', agent_id: 'send', step: 2, blocked_by: 'node_exception:http_status: 503' },
    { kind: 'error', error: '503', tokens: 10, cost_usd: 1 },
  ]);
});

it('a run is told in frames, which count its steps', () => {
  const frames = new RunFrames();
  const told = STORY.flatMap((each) => frames.framesOf(each));
  expect(told.map(({ kind, node_name, task_index }) => `${kind} ${node_name} ${task_index}`)).toEqual([
    'workflow_start  0',
    'token_delta draft 0',
    'step_start draft 0',
    'step_complete draft 0',
    'step_skipped other 1',
    'step_paused gate 1',
    'hitl_required gate 1',
    'checkpoint_saved gate 1',
    'hitl_approved gate 1',
    'step_blocked send 1',
    'workflow_failed  2',
  ]);
  expect(told.find(({ kind }) => kind === 'step_complete')?.content).toBe('Draft');
});
