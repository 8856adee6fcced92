import { expect, it } from 'vitest';
import type { RunEvent, RunEventType } from '../../../engine/index.js';
import { pendingPrompts } from './pending-prompts.js';

const event = (type: RunEventType, step: string, id?: string): RunEvent => ({
  run_id: 'r',
  seq: 1,
  type,
  at: '',
  step,
  data: id === undefined ? {} : { prompt_id: id, message: `m-${id}` },
});
const asked = (step: string, id: string): RunEvent => event('input.required', step, id);
const done = (step: string): RunEvent => event('step.completed', step);

it.each<[string, RunEvent[], string[]]>([
  ['nothing was asked', [done('a')], []],
  ['one is open', [asked('a/round-1/prompt', '1'), done('a/round-1/prompt')], ['1']],
  ['one was answered', [asked('a/round-1/prompt', '1'), done('a/round-1/input')], []],
  ['the next is open', [asked('a/round-1/prompt', '1'), done('a/round-1/input'), asked('a/round-2/prompt', '2')], ['2']],
  ['it was given up', [asked('a/round-1/prompt', '1'), event('step.cancelled', 'a')], []],
  ['of another attempt', [asked('a/round-1/prompt', '1'), asked('a#2/round-1/prompt', '2')], ['2']],
  ['answered in another attempt', [asked('a/round-1/prompt', '1'), done('a#2/round-1/input')], []],
  [
    'several, inside of others',
    [asked('both/a/round-1/prompt', '1'), asked('each[0]/a~2/round-1/prompt', '2'), done('both/a/round-1/input')],
    ['2'],
  ],
])('%s', (_, events, open) => {
  expect(pendingPrompts(events).map(({ id }) => id)).toEqual(open);
});

it('says who waits, and for an answer to what', () => {
  expect(pendingPrompts([asked('both/a/round-1/prompt', '1')])).toEqual([{ id: '1', step: 'both/a', message: 'm-1' }]);
});
