import { describe, expect, it, vi } from 'vitest';
import type { JournalEntry, RunEventType } from '../../../engine/index.js';
import { RunEventHub } from './run-event-hub.js';
import { RunWait } from './run-waiter.js';

const RUN = '0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b';

function row(type: RunEventType, seq: number, span: 1 | 2 = 1): JournalEntry {
  return { runId: RUN, seq, span, type, step: null, attempt: 0, at: 0, startedAt: null, data: '{}', hash: Buffer.alloc(0) };
}

const never = (): AbortSignal => new AbortController().signal;

describe('waiting for a run', () => {
  it('ends with the commit of the end and needs no read when the whole run was seen', async () => {
    const hub = new RunEventHub();
    const isOver = vi.fn(async () => false);
    const wait = new RunWait(RUN, hub, isOver);
    const over = wait.over(60_000, never());
    hub.committed([row('run.started', 2, 2), row('step.completed', 4, 2)]);
    hub.committed([row('run.completed', 5)]);
    expect(await over).toBe(true);
    expect(wait.journal()?.map((entry) => entry.seq)).toEqual([2, 4, 5]);
    expect(isOver).not.toHaveBeenCalled();
    wait.stop();
  });

  it('hears an end that came before anybody waited for it', async () => {
    const hub = new RunEventHub();
    const wait = new RunWait(RUN, hub, async () => false);
    hub.committed([row('run.started', 2, 2), row('run.failed', 3)]);
    expect(await wait.over(60_000, never())).toBe(true);
  });

  it('asks the database when told that the run goes on elsewhere', async () => {
    const hub = new RunEventHub();
    let over = false;
    const wait = new RunWait(RUN, hub, async () => over);
    const result = wait.over(60_000, never());
    hub.committed([row('run.created', 1)]);
    hub.hinted([RUN]);
    over = true;
    hub.hinted([RUN]);
    expect(await result).toBe(true);
    expect(wait.journal()).toBeNull();
  });

  it('has no journal to show when it missed a part', async () => {
    const hub = new RunEventHub();
    const wait = new RunWait(RUN, hub, async () => false);
    hub.committed([row('run.started', 2, 2), row('run.completed', 9)]);
    expect(await wait.over(60_000, never())).toBe(true);
    expect(wait.journal()).toBeNull();
  });

  it('looks at once at a run that was there before', async () => {
    const wait = new RunWait(RUN, new RunEventHub(), async () => true);
    wait.missedBeginning();
    expect(await wait.over(60_000, never())).toBe(true);
  });

  it('ends with its time, and when the caller leaves', async () => {
    const hub = new RunEventHub();
    expect(await new RunWait(RUN, hub, async () => false).over(20, never())).toBe(false);
    const left = new AbortController();
    const result = new RunWait(RUN, hub, async () => false).over(60_000, left.signal);
    left.abort();
    expect(await result).toBe(false);
  });
});
