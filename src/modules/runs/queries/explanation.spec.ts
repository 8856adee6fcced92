import { describe, expect, it } from 'vitest';
import type { LiveStanding, OpenStepStanding } from './explain-run.query.js';
import { awaitedChildren, reasonsOf, type Reason, type RunFacts } from './explanation.js';

const NOW = new Date('2026-03-01T12:00:00.000Z');
const EARLIER = new Date('2026-03-01T11:59:00.000Z');
const LATER = new Date('2026-03-01T12:01:00.000Z');
const CHILD = '0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b';

function reasons(standing: Partial<LiveStanding>, facts: Partial<RunFacts> = {}): Reason[] {
  return reasonsOf({
    standing: {
      now: NOW,
      state: 'leased',
      priority: 0,
      ready_at: EARLIER,
      wake_at: null,
      owner: 'worker-1',
      lease_until: LATER,
      started_at: EARLIER,
      cancel_requested_at: null,
      cancel_reason: null,
      concurrency_key: null,
      concurrency_limit: null,
      paused_at: null,
      paused_by: null,
      pause_reason: null,
      ...standing,
    },
    createdAt: EARLIER,
    openSteps: [],
    workingOn: [],
    children: new Map(),
    waits: new Map(),
    runRetry: null,
    key: { holders: [], ahead: 0 },
    line: null,
    rate: undefined,
    queue: { workers: [], ahead: 0 },
    ...facts,
  });
}

function waiting(step: string, wait: Record<string, unknown>): OpenStepStanding {
  return { step, type: 'step.waiting', attempt: 1, at: EARLIER, data: { key: 'k', wait: wait as never } };
}

describe('an explanation', () => {
  it('says what a parked run waits for, branch by branch', () => {
    const openSteps = [
      waiting('pause', { kind: 'timer', until: LATER.getTime() }),
      waiting('sub', { kind: 'child', run_id: CHILD }),
      waiting('gate', { kind: 'signal', name: 'go' }),
      {
        step: 'flaky',
        type: 'step.retrying',
        attempt: 2,
        at: EARLIER,
        data: { next_at: LATER.getTime(), error: { code: 'timeout', message: 'late' } },
      },
    ] satisfies OpenStepStanding[];
    expect(awaitedChildren(openSteps)).toEqual([CHILD]);
    expect(
      reasons({ state: 'waiting', owner: null, lease_until: null }, { openSteps, children: new Map([[CHILD, 'waiting']]) }),
    ).toMatchObject([
      { type: 'waiting_for_timer', step: 'pause', until: LATER.toISOString(), since: EARLIER.toISOString() },
      { type: 'waiting_for_child', step: 'sub', run_id: CHILD, run_status: 'waiting' },
      { type: 'waiting_for_signal', step: 'gate', name: 'go' },
      { type: 'retrying', step: 'flaky', attempt: 3, next_at: LATER.toISOString(), error: { code: 'timeout', message: 'late' } },
    ]);
  });

  it('tells running from a lease that nobody renews', () => {
    const openSteps = [{ step: 'slow', type: 'step.started', attempt: 1, at: EARLIER, data: {} }] satisfies OpenStepStanding[];
    expect(reasons({}, { openSteps, workingOn: ['slow', 'fresh'] })).toMatchObject([
      { type: 'running', steps: ['slow', 'fresh'], owner: 'worker-1', lease_until: LATER.toISOString() },
    ]);
    expect(reasons({ lease_until: EARLIER })).toMatchObject([{ type: 'lease_expired', owner: 'worker-1', since: EARLIER.toISOString() }]);
  });

  it('does not count a timer that is over as a wait of a run that is held', () => {
    const openSteps = [waiting('pause', { kind: 'timer', until: EARLIER.getTime() })];
    expect(reasons({}, { openSteps }).map((reason) => reason.type)).toEqual(['running']);
  });

  it('names what stands before the start', () => {
    const holders = [{ run_id: CHILD, status: 'running' as const }];
    expect(
      reasons({ state: 'queued', started_at: null, concurrency_key: 'k', concurrency_limit: 2 }, { key: { holders, ahead: 3 } }),
    ).toMatchObject([{ type: 'queued_for_concurrency', key: 'k', limit: 2, holders, ahead: 3 }]);
    const line = { ahead: 2, next_at: NOW, run_at: LATER };
    expect(reasons({ state: 'spaced', started_at: null }, { line, rate: { limit: 2, per_ms: 60_000 } })).toMatchObject([
      { type: 'waiting_for_rate', limit: 2, per_ms: 60_000, burst: 1, ahead: 2, next_at: NOW.toISOString(), run_at: LATER.toISOString() },
    ]);
    const workers = [{ owner: 'w', runs: 3, lease_until: LATER }];
    expect(reasons({ state: 'ready', started_at: null }, { queue: { workers, ahead: 4 } })).toMatchObject([
      { type: 'waiting_for_worker', ready_since: EARLIER.toISOString(), ahead: 4, workers: [{ owner: 'w', runs: 3 }] },
    ]);
    expect(reasons({ state: 'waiting', started_at: null, wake_at: LATER })).toMatchObject([
      { type: 'scheduled', run_at: LATER.toISOString() },
    ]);
  });

  it('names a pause before whatever else stands before the start, and not once it is started or cancelled', () => {
    const pause = { paused_at: EARLIER, paused_by: 'ops', pause_reason: 'why not' };
    const types = (standing: Partial<LiveStanding>): string[] => reasons({ ...pause, ...standing }).map(({ type }) => type);
    expect(reasons({ ...pause, state: 'paused', started_at: null })).toMatchObject([
      { type: 'workflow_paused', since: EARLIER.toISOString(), by: 'ops', reason: 'why not' },
    ]);
    expect(types({ state: 'ready', started_at: null })).toEqual(['workflow_paused']);
    expect(types({ state: 'queued', started_at: null })).toEqual(['workflow_paused', 'queued_for_concurrency']);
    expect(types({ state: 'spaced', started_at: null })).toEqual(['workflow_paused', 'waiting_for_rate']);
    expect(types({ state: 'waiting', started_at: null, wake_at: LATER })).toEqual(['workflow_paused', 'scheduled']);
    expect(types({})).toEqual(['running']);
    expect(types({ state: 'ready', started_at: null, cancel_requested_at: NOW })).toEqual(['cancelling', 'waiting_for_worker']);
    expect(reasons({ state: 'paused', started_at: null }).map(({ type }) => type)).toEqual(['waiting_for_worker']);
  });

  it('puts a cancel first, and a run that waits to begin anew last', () => {
    expect(reasons({ cancel_requested_at: NOW, cancel_reason: 'enough' }, { workingOn: ['slow'] })).toMatchObject([
      { type: 'cancelling', since: NOW.toISOString(), reason: 'enough', steps: ['slow'] },
      { type: 'running' },
    ]);
    expect(reasons({ state: 'waiting' }, { runRetry: { at: EARLIER, until: LATER.getTime(), attempt: 1 } })).toMatchObject([
      { type: 'retrying', attempt: 2, next_at: LATER.toISOString() },
    ]);
  });
});
