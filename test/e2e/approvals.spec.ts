import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiClient, startApp, type TestApp, type TestKey } from '../support/index.js';
import { type EventBody, eventually, type RunBody, storeWorkflow } from '../support/runs.js';

interface ApprovalBody {
  readonly id: string;
  readonly run_id: string;
  readonly workflow: string;
  readonly step: string;
  readonly attempt: number;
  readonly status: string;
  readonly message: string;
  readonly payload: Record<string, unknown> | null;
  readonly content_hash: string;
  readonly quorum: number;
  readonly votes: { by: string; verdict: string; counts: boolean; content_hash: string }[];
  readonly edits: Record<string, unknown>;
  readonly decided_by: string | null;
  readonly decided_at: string | null;
}

let app: TestApp;
let api: ApiClient;
let ada: TestKey;
let grace: TestKey;
let nth = 0;

beforeAll(async () => {
  app = await startApp({ env: { HEDDLE_SECRET_TOKEN: 'very-secret-token' } });
  ({ api } = app);
  ada = await app.createKey({ role: 'operator' });
  grace = await app.createKey({ role: 'operator' });
});
afterAll(() => app.close());

/** Stores a workflow whose first node asks and whose second does what was asked about. */
async function gated(config: object, node: object = {}): Promise<string> {
  nth += 1;
  const { name } = await storeWorkflow(api, {
    name: `gates/gate-${nth}`,
    inputs: { type: 'object', properties: { amount: { type: 'number', default: 120 } } },
    nodes: [
      { id: 'gate', type: 'control.approval', config: { message: 'Pay {{ inputs.amount }}?', ...config }, ...node },
      { id: 'pay', type: 'transform.set', needs: ['gate'], config: { values: { paid: true } } },
    ],
    outputs: { gate: '{{ nodes.gate.output }}', pay: '{{ nodes.pay.output }}' },
  });
  return name;
}

async function start(workflow: string, inputs: object = {}): Promise<string> {
  const { status, body } = await api.post<RunBody>(`/workflows/${encodeURIComponent(workflow)}/runs`, { inputs });
  expect(status).toBe(202);
  return body.id;
}

async function pendingOf(run: string, count = 1): Promise<ApprovalBody[]> {
  const list = async (): Promise<ApprovalBody[]> =>
    (await api.get<{ data: ApprovalBody[] }>('/approvals', { query: { run_id: run, status: 'pending' } })).body.data;
  return eventually(list, (approvals) => approvals.length === count);
}

async function ask(workflow: string, inputs: object = {}): Promise<{ run: string; approval: ApprovalBody }> {
  const run = await start(workflow, inputs);
  const [approval] = await pendingOf(run);
  return { run, approval: approval as ApprovalBody };
}

async function ended(run: string): Promise<RunBody> {
  return eventually(
    async () => (await api.get<RunBody>(`/runs/${run}`)).body,
    ({ status }) => ['success', 'failed', 'cancelled'].includes(status),
  );
}

async function eventsOf(run: string): Promise<EventBody[]> {
  return (await api.get<{ data: EventBody[] }>(`/runs/${run}/events`, { query: { limit: 500 } })).body.data;
}

async function approvalOf(id: string): Promise<ApprovalBody> {
  return (await api.get<ApprovalBody>(`/approvals/${id}`)).body;
}

describe('a step that needs approval', () => {
  it('runs what needs it once it is approved, and not before', async () => {
    const { run, approval } = await ask(await gated({ payload: { amount: '{{ inputs.amount }}' } }));
    expect(approval).toMatchObject({ run_id: run, step: 'gate', attempt: 1, message: 'Pay 120?', payload: { amount: 120 }, quorum: 1 });
    expect((await eventsOf(run)).filter(({ step }) => step === 'pay')).toEqual([]);
    const answer = await ada.api.post<ApprovalBody>(`/runs/${run}/approve`, { comment: 'fine', content_hash: approval.content_hash });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id: approval.id, status: 'approved', decided_by: 'test operator' });
    const { status, outputs } = await ended(run);
    expect({ status, outputs }).toEqual({
      status: 'success',
      outputs: {
        gate: { decision: 'approved', comment: 'fine', decided_by: 'test operator', edits: {}, payload: { amount: 120 } },
        pay: { paid: true },
      },
    });
    const told = (await eventsOf(run)).filter(({ type }) => type.startsWith('approval.'));
    expect(told.map(({ type, step, data }) => ({ type, step, id: data['approval_id'] }))).toEqual([
      { type: 'approval.requested', step: 'gate', id: approval.id },
      { type: 'approval.decided', step: 'gate', id: approval.id },
    ]);
    expect(told[1]?.data).toMatchObject({ key_id: ada.id, content_hash: approval.content_hash, decision: 'approved', expired: false });
  });

  it('is refused once it is rejected: what needs it never runs', async () => {
    const { run } = await ask(await gated({}));
    await ada.api.post(`/runs/${run}/reject`, { comment: 'too much' });
    expect(await ended(run)).toMatchObject({
      status: 'failed',
      error: {
        code: 'rejected',
        message: 'test operator rejected it: too much',
        step: 'gate',
        details: { decision: 'rejected', comment: 'too much' },
      },
    });
    expect((await eventsOf(run)).filter(({ step }) => step === 'pay')).toEqual([]);
  });

  it('goes on with a rejection as its output when it says so', async () => {
    const { run } = await ask(await gated({ on_reject: 'continue' }));
    await ada.api.post(`/runs/${run}/reject`);
    expect(await ended(run)).toMatchObject({ status: 'success', outputs: { gate: { decision: 'rejected', comment: null } } });
  });

  it('takes edits of what may be edited, of the type that was shown, and nothing else', async () => {
    const { run } = await ask(await gated({ payload: { amount: '{{ inputs.amount }}', to: 'Ada' }, editable: ['amount'] }));
    const refused = await ada.api.post(`/runs/${run}/approve`, { edits: { amount: 'much', to: 'me' } });
    expect(refused).toMatchObject({
      status: 422,
      body: {
        code: 'invalid_edits',
        errors: [
          { path: '/edits/amount', code: 'type' },
          { path: '/edits/to', code: 'not_editable' },
        ],
      },
    });
    expect((await ada.api.post(`/runs/${run}/approve`, { edits: { amount: 90 } })).status).toBe(200);
    expect((await ended(run)).outputs).toMatchObject({ gate: { edits: { amount: 90 }, payload: { amount: 90, to: 'Ada' } } });
  });

  it('holds edits against the schema of the payload', async () => {
    const schema = { type: 'object', properties: { amount: { type: 'number', maximum: 100 } } };
    const { run } = await ask(await gated({ payload: { amount: 50 }, editable: ['amount', 'note'], payload_schema: schema }));
    expect(await ada.api.post(`/runs/${run}/approve`, { edits: { amount: 101 } })).toMatchObject({
      status: 422,
      body: { errors: [{ path: '/edits/amount' }] },
    });
    expect((await ada.api.post(`/runs/${run}/approve`, { edits: { amount: 99, note: 'less' } })).status).toBe(200);
    expect((await ended(run)).outputs).toMatchObject({ gate: { payload: { amount: 99, note: 'less' } } });
  });

  it('masks secrets in what it shows', async () => {
    const { approval, run } = await ask(await gated({ message: 'Use {{ secrets.TOKEN }}?' }));
    expect(approval.message).not.toContain('very-secret-token');
    await api.post(`/runs/${run}/cancel`);
  });
});

describe('decisions', () => {
  it('are made once: of two at the same time one wins, and the other is told who did', async () => {
    const workflow = await gated({});
    for (let round = 0; round < 3; round += 1) {
      const { run, approval } = await ask(workflow);
      const answers = await Promise.all([
        ada.api.post<{ code: string }>(`/runs/${run}/approve`),
        grace.api.post<{ code: string }>(`/runs/${run}/reject`),
      ]);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
      const [approved, rejected] = answers;
      const loser = approved?.status === 409 ? approved : rejected;
      expect(loser?.body).toMatchObject({ code: 'already_decided', approval_id: approval.id, decided_by: 'test operator' });
      expect((await ended(run)).status).toBe(approved?.status === 200 ? 'success' : 'failed');
      expect((await ada.api.post<{ code: string }>(`/runs/${run}/approve`)).body.code).toBe('already_decided');
    }
  });

  it('may be repeated with an Idempotency-Key', async () => {
    const { run } = await ask(await gated({}));
    const headers = { 'idempotency-key': `decide-${run}` };
    const first = await ada.api.post<ApprovalBody>(`/runs/${run}/approve`, {}, { headers });
    const again = await ada.api.post<ApprovalBody>(`/runs/${run}/approve`, {}, { headers });
    expect([first.status, again.status, again.body]).toEqual([200, 200, first.body]);
  });

  it('are about what was looked at', async () => {
    const { run, approval } = await ask(await gated({}));
    const stale = await ada.api.post(`/runs/${run}/approve`, { content_hash: '0'.repeat(64) });
    expect(stale).toMatchObject({ status: 409, body: { code: 'content_changed', content_hash: approval.content_hash } });
    expect((await ada.api.post(`/runs/${run}/approve`, { content_hash: approval.content_hash })).status).toBe(200);
  });

  it('belong to the reviewers: keys by name or id, roles by their word', async () => {
    const { run } = await ask(await gated({ reviewers: [grace.id, 'admin'] }));
    expect(await ada.api.post(`/runs/${run}/approve`)).toMatchObject({ status: 403, body: { code: 'not_a_reviewer' } });
    expect((await grace.api.post(`/runs/${run}/approve`)).status).toBe(200);
    const byRole = await ask(await gated({ reviewers: ['admin'] }));
    expect((await grace.api.post(`/runs/${byRole.run}/approve`)).status).toBe(403);
    expect((await api.post(`/runs/${byRole.run}/approve`)).status).toBe(200);
    const viewer = await app.createKey({ role: 'viewer' });
    expect((await viewer.api.post(`/runs/${run}/approve`)).status).toBe(403);
    expect((await viewer.api.get('/approvals')).status).toBe(200);
  });

  it('take a quorum of different keys, and an edit voids what was approved before it', async () => {
    const { run, approval } = await ask(await gated({ quorum: 2, payload: { amount: 1 }, editable: ['amount'] }));
    expect((await ada.api.post<ApprovalBody>(`/runs/${run}/approve`)).body.status).toBe('pending');
    expect(await ada.api.post(`/runs/${run}/approve`)).toMatchObject({ status: 409, body: { code: 'already_voted' } });
    const edited = await grace.api.post<ApprovalBody>(`/runs/${run}/approve`, { edits: { amount: 2 } });
    expect(edited.body).toMatchObject({ status: 'pending', edits: { amount: 2 }, votes: [{ counts: false }, { counts: true }] });
    expect(edited.body.content_hash).not.toBe(approval.content_hash);
    expect((await ada.api.post(`/runs/${run}/approve`, { content_hash: approval.content_hash })).status).toBe(409);
    const last = await ada.api.post<ApprovalBody>(`/runs/${run}/approve`, { content_hash: edited.body.content_hash });
    expect(last.body).toMatchObject({ status: 'approved', content_hash: edited.body.content_hash });
    expect((await ended(run)).outputs).toMatchObject({ gate: { payload: { amount: 2 }, edits: { amount: 2 } } });
  });

  it('name their step when several wait', async () => {
    const { name } = await storeWorkflow(api, {
      name: 'gates/two',
      nodes: ['left', 'right'].map((id) => ({ id, type: 'control.approval', config: { message: id } })),
    });
    const run = await start(name);
    await pendingOf(run, 2);
    const unclear = await ada.api.post<{ steps: string[] }>(`/runs/${run}/approve`);
    expect(unclear).toMatchObject({ status: 409, body: { code: 'several_pending' } });
    expect(unclear.body.steps.toSorted()).toEqual(['left', 'right']);
    expect(await ada.api.post(`/runs/${run}/approve`, { step: 'middle' })).toMatchObject({
      status: 409,
      body: { code: 'no_pending_approval' },
    });
    expect((await ada.api.post(`/runs/${run}/approve`, { step: 'left' })).status).toBe(200);
    expect((await ada.api.post(`/runs/${run}/approve`)).body).toMatchObject({ step: 'right', status: 'approved' });
    expect((await ended(run)).status).toBe('success');
  });

  it('end with their time: by the default, or as a failure', async () => {
    const byDefault = await ask(await gated({ expires_in_ms: 700, default: 'approve' }));
    const without = await ask(await gated({ expires_in_ms: 700 }));
    const limited = await ask(await gated({}, { timeout_ms: 700 }));
    expect(await ended(byDefault.run)).toMatchObject({
      status: 'success',
      outputs: { gate: { decision: 'approved', decided_by: null, comment: null, edits: {}, expired: true }, pay: { paid: true } },
    });
    expect(await ended(without.run)).toMatchObject({ status: 'failed', error: { code: 'approval_expired' } });
    expect(await ended(limited.run)).toMatchObject({ status: 'failed', error: { code: 'timeout' } });
    for (const { run, approval } of [byDefault, without, limited]) {
      expect((await approvalOf(approval.id)).status).toBe('expired');
      expect(await ada.api.post(`/runs/${run}/approve`)).toMatchObject({ status: 409, body: { code: 'approval_expired' } });
    }
  });

  it('are asked for anew by a new attempt', async () => {
    const { run } = await ask(await gated({ expires_in_ms: 300 }, { retry: { max_attempts: 20, initial_delay_ms: 1 } }));
    const second = await eventually(
      async () => (await api.get<{ data: ApprovalBody[] }>('/approvals', { query: { run_id: run } })).body.data,
      (all) => all.length > 1,
    );
    expect(second.map(({ attempt }) => attempt).slice(-2)).toEqual([2, 1]);
    await api.post(`/runs/${run}/cancel`);
  });

  it('are void with their run', async () => {
    const { run, approval } = await ask(await gated({}));
    await api.post(`/runs/${run}/cancel`);
    expect(await ada.api.post(`/runs/${run}/approve`)).toMatchObject({ status: 409, body: { code: 'approval_cancelled' } });
    await ended(run);
    expect(await approvalOf(approval.id)).toMatchObject({ status: 'cancelled', decided_at: expect.any(String) as string });
    const pending = await api.get<{ data: ApprovalBody[] }>('/approvals', { query: { status: 'pending' } });
    expect(pending.body.data.map(({ id }) => id)).not.toContain(approval.id);
  });
});

describe('the list of approvals', () => {
  it('pages through all of them, newest first', async () => {
    const seen: string[] = [];
    const page = async (query: Record<string, string>): Promise<string | null> => {
      const { body } = await api.get<{ data: ApprovalBody[]; next_cursor: string | null }>('/approvals', { query: { limit: 3, ...query } });
      seen.push(...body.data.map(({ id }) => id));
      return body.next_cursor;
    };
    for (let cursor = await page({}); cursor !== null; cursor = await page({ cursor }));
    expect(seen.length).toBeGreaterThan(5);
    expect(seen).toEqual([...new Set(seen)].toSorted().toReversed());
  });

  it('explains whom a run waits for', async () => {
    const { run, approval } = await ask(await gated({ reviewers: ['admin', 'ada'], expires_in_ms: 3_600_000 }));
    const told = await eventually(
      async () => (await api.get<{ reasons: Record<string, unknown>[] }>(`/runs/${run}/explain`)).body.reasons,
      (reasons) => reasons.some(({ type }) => type === 'waiting_for_approval'),
    );
    expect(told).toMatchObject([
      { type: 'waiting_for_approval', step: 'gate', approval_id: approval.id, reviewers: ['admin', 'ada'], quorum: 1, approvals: 0 },
    ]);
    await api.post(`/runs/${run}/cancel`);
  });
});
