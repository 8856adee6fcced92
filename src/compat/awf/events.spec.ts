import { expect, it } from 'vitest';
import type { JsonObject, RunEvent, RunEventType } from '../../engine/index.js';
import { awfEvent } from './events.js';
import { plainMessage } from './plain-messages.js';
import { RunSteps } from './run-steps.js';

const run = { workflow: 'chat', steps: new RunSteps(null) };
const event = (type: RunEventType, step?: string, data: JsonObject = {}): RunEvent => ({
  run_id: 'r',
  seq: 3,
  type,
  at: '2026-01-01T00:00:00Z',
  ...(step === undefined ? {} : { step }),
  data,
});
const PROMPT = { prompt_id: 'p1', message: 'Which one?', signal: 'input:p1' };

it.each<[RunEvent, string | null, object]>([
  [event('step.completed', 'ask', { output: { response: 'Hi', stop_reason: 'completed' } }), 'step.completed', { output: 'Hi' }],
  [event('step.completed', 'run', { output: { exit_code: 0, stdout: 'x\n' } }), 'step.completed', { output: 'x\n' }],
  [event('step.completed', 'ask/turn-1/model', { output: { text: 'Hi' } }), null, {}],
  [event('input.required', 'ask/round-1/prompt', PROMPT), 'input.required', { step_name: 'ask', prompt: 'Which one?', prompt_id: 'p1' }],
  [event('token', 'ask/turn-1/model', { text: 'Hel', role: 'answer' }), 'output', { step_name: 'ask', output: 'Hel' }],
  [event('token', 'ask/turn-1/model', { void: true }), null, {}],
  [event('run.started'), null, {}],
])('by its name: %j', (happened, name, data) => {
  const told = awfEvent(happened, run);
  expect(told?.event ?? null).toBe(name);
  expect(told?.data ?? {}).toMatchObject(data);
});

it.each<[RunEvent, object | null]>([
  [event('run.started'), { kind: 'run.started', status: 'running' }],
  [event('step.started', 'ask'), { kind: 'step.started', step: 'ask', status: 'running' }],
  [event('step.started', 'ask/turn-1/model'), null],
  [event('step.completed', 'ask/turn-1/model', { output: { text: 'Hi' } }), { kind: 'message.assistant', step: 'ask', content: 'Hi' }],
  [event('step.completed', 'ask/round-1/input', { output: 'Both' }), { kind: 'message.user', step: 'ask', content: 'Both' }],
  [event('tool.call', 'ask/turn-1/tool-1', {}), { kind: 'tool.call', step: 'ask' }],
  [event('input.required', 'ask/round-1/prompt', PROMPT), { kind: 'input.required', step: 'ask', prompt: 'Which one?', prompt_id: 'p1' }],
  [event('step.failed', 'ask', { error: { message: 'no' } }), { kind: 'step.failed', step: 'ask', status: 'failed', error: 'no' }],
  [event('run.cancelled'), { kind: 'workflow.failed', status: 'cancelled' }],
  [event('run.completed'), { kind: 'workflow.completed', status: 'completed' }],
  [event('step.output', 'ask', {}), null],
])('without a name: %j', (happened, message) => {
  expect(plainMessage(happened, run)).toEqual(message === null ? null : { run_id: 'r', seq: 3, ...message });
});
