import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../journal/journal-entry.js';
import type { NodeDefinition } from '../model/definition.js';
import type { RunEventType } from '../model/run-event.js';
import { compileGraph } from './compile.js';
import { planResume } from './resume-plan.js';

const node = (id: string, needs: string[] = [], fields: Partial<NodeDefinition> = {}): NodeDefinition => ({
  id,
  type: 't.do',
  needs,
  ...fields,
});
const graph = (nodes: NodeDefinition[]) => compileGraph({ name: 'test/x', nodes });
const rows = (...steps: [string, RunEventType?][]): JournalEntry[] =>
  steps.map(([step, type = 'step.completed'], index) => ({
    runId: 'r',
    seq: index + 1,
    span: 1,
    type,
    step,
    attempt: 1,
    at: 0,
    startedAt: null,
    data: '{}',
    hash: Buffer.alloc(32),
  }));
const diamond = graph([node('a'), node('b', ['a']), node('c', ['a']), node('d', ['b', 'c'])]);
const keptOf = (entries: JournalEntry[], from: string | null, then = diamond, now = then): string[] =>
  planResume({ entries, from, then, now }).kept.map((entry) => entry.step as string);

describe('planResume', () => {
  it('keeps what succeeded and does the rest again', () => {
    expect(keptOf(rows(['a'], ['b'], ['c', 'step.failed'], ['d', 'step.skipped']), null)).toEqual(['a', 'b']);
  });

  it('does a chosen step and all that depends on it again', () => {
    const entries = rows(['a'], ['b'], ['c'], ['d']);
    expect(keptOf(entries, 'b')).toEqual(['a', 'c']);
    expect(keptOf(entries, 'a')).toEqual([]);
    expect(keptOf(entries, 'd')).toEqual(['a', 'b', 'c']);
  });

  it('keeps the other items of a fan-out', () => {
    const fan = graph([node('each', [], { for_each: { items: [1, 2, 3] } }), node('after', ['each'])]);
    const entries = rows(['each[0]'], ['each[1]'], ['each[10]'], ['each'], ['after']);
    expect(keptOf(entries, 'each[1]', fan)).toEqual(['each[0]', 'each[10]']);
    expect(keptOf(entries, 'each', fan)).toEqual([]);
  });

  it('forks a node at one of its inner steps', () => {
    const agent = graph([node('agent'), node('after', ['agent'])]);
    const entries = rows(['agent/turn-1'], ['agent/turn-1/tool-1'], ['agent/turn-2'], ['agent/turn-3'], ['agent'], ['after']);
    expect(keptOf(entries, 'agent/turn-2', agent)).toEqual(['agent/turn-1', 'agent/turn-1/tool-1']);
  });

  it('keeps what repeated attempts of a node did inside of it where the first one looks', () => {
    const agent = graph([node('agent')]);
    const entries = rows(['agent/turn-1'], ['agent#2/turn-1'], ['agent#2/turn-2'], ['agent', 'step.failed']);
    expect(keptOf(entries, null, agent)).toEqual(['agent/turn-1', 'agent/turn-2']);
    expect(planResume({ entries, from: null, then: agent, now: agent }).kept.map(({ seq }) => seq)).toEqual([2, 3]);
  });

  it('names a step that is not there', () => {
    expect(planResume({ entries: rows(['a']), from: 'nope', then: diamond, now: diamond }).faults).toMatchObject([
      { path: '/from_step', code: 'unknown_step' },
    ]);
    expect(planResume({ entries: rows(['a']), from: 'a/turn-9', then: diamond, now: diamond }).faults).toMatchObject([
      { code: 'unknown_step' },
    ]);
  });

  it('refuses a version in which a kept step means something else, and takes one that changes the rest', () => {
    const changedLater = graph([node('a'), node('b', ['a']), node('c', ['a']), node('d', ['b', 'c'], { config: { x: 1 } })]);
    const changedEarlier = graph([node('a', [], { config: { x: 1 } }), node('b', ['a'])]);
    const entries = rows(['a'], ['b'], ['c'], ['d']);
    expect(planResume({ entries, from: 'd', then: diamond, now: changedLater }).faults).toEqual([]);
    const { faults } = planResume({ entries, from: 'b', then: diamond, now: changedEarlier });
    expect(faults.map((fault) => fault.code).toSorted((x, y) => x.localeCompare(y))).toEqual(['kept_step_changed', 'kept_step_missing']);
    expect(planResume({ entries, from: 'a', then: diamond, now: changedEarlier })).toEqual({ kept: [], faults: [] });
  });
});
