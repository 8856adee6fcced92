import { describe, expect, it } from 'vitest';
import { type Json, RunStoppedError, StepError } from '../../../engine/index.js';
import type { Approval } from '../approval.js';
import type { ApprovalStore } from '../approval-store.js';
import { ControlApprovalNode } from './control-approval.node.js';

const ID = '0198b3a9-5c6d-7e8f-9a0b-1c2d3e4f5a6b';
const PENDING = { id: ID, status: 'pending', votes: [], edits: {} } as unknown as Approval;

/** The store as far as the node writes to it; what it was told is remembered. */
function rememberingStore(after: Approval): { store: ApprovalStore; told: string[] } {
  const told: string[] = [];
  const remember = (what: string) => (): Promise<void> => Promise.resolve(void told.push(what));
  const store = {
    request: () => Promise.resolve(ID),
    find: () => Promise.resolve(after),
    expire: remember('expire'),
    withdraw: remember('withdraw'),
  };
  return { store: store as unknown as ApprovalStore, told };
}

type Call = Parameters<ControlApprovalNode['execute']>[0];

/** A call whose inner steps run, and whose wait ends as given. */
function callThat(waits: () => Promise<Json | undefined>, config: object, signal = new AbortController().signal): Call {
  const run = { id: ID, tenant: 'default' };
  const call = {
    config: { message: 'go on?', ...config },
    run,
    path: 'gate',
    attempt: 1,
    signal,
    log: () => undefined,
    emit: () => undefined,
    startedAt: () => Promise.resolve(0),
    step: (_key: string, _options: object, fn: (inner: object) => Promise<Json>) => fn({ signal, run }),
    waitForSignal: waits,
  };
  return call as unknown as Call;
}

const timeIsOver = (): Promise<undefined> => Promise.resolve(undefined);

describe('control.approval', () => {
  it('takes its question back when only its branch is stopped, and leaves it to the run otherwise', async () => {
    for (const [reason, expected] of [['branch_stopped', ['withdraw']] as const, ['shutdown', []] as const]) {
      const { store, told } = rememberingStore(PENDING);
      const stopped = new RunStoppedError(reason);
      const call = callThat(() => Promise.reject(stopped), {}, AbortSignal.abort(stopped));
      await expect(new ControlApprovalNode(store).execute(call)).rejects.toBe(stopped);
      expect(told).toEqual(expected);
    }
  });

  it('hears a decision of the last moment, though its time is over', async () => {
    const decided = { ...PENDING, status: 'approved', votes: [{ by: 'ada', comment: 'just in time' }] } as unknown as Approval;
    for (const waits of [timeIsOver, () => Promise.reject(new StepError('timeout', 'too late'))]) {
      const { store } = rememberingStore(decided);
      const output = await new ControlApprovalNode(store).execute(callThat(waits, { expires_in_ms: 1 }));
      expect(output).toEqual({ decision: 'approved', comment: 'just in time', decided_by: 'ada', edits: {} });
    }
  });

  it('rejects by default, fails without a default, and fails as its own limit does', async () => {
    const { store, told } = rememberingStore(PENDING);
    const node = new ControlApprovalNode(store);
    await expect(node.execute(callThat(timeIsOver, { expires_in_ms: 1, default: 'reject' }))).rejects.toMatchObject({
      code: 'rejected',
      retryable: false,
      details: { decision: 'rejected', decided_by: null, expired: true },
    });
    await expect(node.execute(callThat(timeIsOver, { expires_in_ms: 1 }))).rejects.toMatchObject({
      code: 'approval_expired',
      retryable: true,
    });
    const late = new StepError('timeout', 'too late');
    await expect(node.execute(callThat(() => Promise.reject(late), { default: 'approve' }))).rejects.toBe(late);
    expect(told).toEqual(['expire', 'expire', 'expire']);
  });

  it('refuses to ask with too much, or with a schema that is none', async () => {
    const { store } = rememberingStore(PENDING);
    const node = new ControlApprovalNode(store);
    const ask = (config: object) => node.execute(callThat(timeIsOver, config));
    await expect(ask({ payload: { text: 'x'.repeat(65_536) } })).rejects.toMatchObject({ code: 'content_too_large' });
    await expect(ask({ payload_schema: { type: 'nothing' } })).rejects.toMatchObject({ code: 'invalid_config' });
  });
});
