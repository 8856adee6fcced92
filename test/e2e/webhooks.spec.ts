import { createHmac } from 'node:crypto';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HookReceiver } from '../support/hook-receiver.js';
import { startApp, type ApiClient, type TestApp } from '../support/index.js';
import { eventually, runToEnd, storeWorkflow } from '../support/runs.js';

interface WebhookBody {
  readonly id: string;
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  readonly failing_since: string | null;
  readonly secret: string;
}

interface DeliveryBody {
  readonly id: string;
  readonly message_id: string;
  readonly event_type: string;
  readonly run_id: string;
  readonly status: string;
  readonly attempts: readonly { readonly status: number | null; readonly duration_ms: number; readonly error: string | null }[];
  readonly next_attempt_at: string | null;
}

let app: TestApp;
let api: ApiClient;
let outside: HookReceiver;

beforeAll(async () => {
  outside = await HookReceiver.start();
  app = await startApp({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1', HEDDLE_SECRET_KEY: 'webhooks-e2e-0123456789-0123456789-01' } });
  ({ api } = app);
  await storeWorkflow(api, { name: 'demo/good', nodes: [{ id: 'a', type: 'transform.set', config: { values: { n: 1 } } }] });
  await storeWorkflow(api, { name: 'demo/bad', nodes: [{ id: 'a', type: 'control.fail', config: { message: 'no' } }] });
});
afterAll(async () => {
  await app.close();
  outside.stop();
});

async function subscribe(path: string, more: object = {}): Promise<WebhookBody> {
  const { status, body } = await api.post<WebhookBody>('/webhooks', { url: `${outside.url}${path}`, ...more });
  expect({ status, body }).toMatchObject({ status: 201 });
  return body;
}
const get = async (id: string) => (await api.get<WebhookBody>(`/webhooks/${id}`)).body;
const deliveries = async (id: string) => (await api.get<{ data: DeliveryBody[] }>(`/webhooks/${id}/deliveries`)).body.data;
const settled = (id: string, wish: (delivery: DeliveryBody) => boolean) =>
  eventually(
    () => deliveries(id),
    (all) => all.some(wish),
  );

describe('a webhook', () => {
  it('is told of the ends of runs that come after it, signed, once each', async () => {
    await runToEnd(api, 'demo/good');
    const { id, secret } = await subscribe('/ends');
    const runs = [await runToEnd(api, 'demo/good'), await runToEnd(api, 'demo/bad'), await runToEnd(api, 'demo/good')];
    const told = await eventually(
      async () => outside.at('/ends'),
      (messages) => messages.length >= 3,
    );
    const payloads = told.map(({ body }) => JSON.parse(body) as { type: string; timestamp: string; data: Record<string, unknown> });
    expect(payloads.map(({ data }) => String(data['run_id'])).toSorted()).toEqual(runs.map((run) => run.id).toSorted());
    expect(payloads.find(({ type }) => type === 'run.failed')).toMatchObject({
      timestamp: expect.stringMatching(/Z$/) as unknown,
      data: { run_id: runs[1]?.id, type: 'run.failed', seq: expect.any(Number) as unknown, workflow: { name: 'demo/bad' }, agent: null },
    });
    for (const { id: message, timestamp, body, signature } of told) {
      const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
      expect(signature).toBe(`v1,${createHmac('sha256', key).update(`${message}.${timestamp}.${body}`).digest('base64')}`);
    }
    const listed = await settled(id, ({ status }) => status === 'delivered');
    expect(listed.map(({ message_id }) => message_id).toSorted()).toEqual(told.map((message) => message.id).toSorted());
    await eventually(
      () => deliveries(id),
      (all) => all.every(({ status }) => status === 'delivered'),
    );
    expect((await deliveries(id))[0]).toMatchObject({
      attempts: [{ status: 200, error: null, duration_ms: expect.any(Number) as unknown }],
      next_attempt_at: null,
    });
    expect(await get(id)).not.toHaveProperty('secret');
    await api.delete(`/webhooks/${id}`);
  });

  it('may want some types and one workflow only', async () => {
    const { id } = await subscribe('/some', { events: ['step.failed', 'run.created'], workflow: 'demo/bad' });
    await runToEnd(api, 'demo/good');
    await runToEnd(api, 'demo/bad');
    const told = await eventually(
      async () => outside.at('/some'),
      (messages) => messages.length >= 2,
    );
    expect(told.map(({ body }) => (JSON.parse(body) as { type: string }).type).toSorted()).toEqual(['run.created', 'step.failed']);
    await api.delete(`/webhooks/${id}`);
  });

  it('that fails is tried again, also by hand, under the same id', async () => {
    outside.answers.set('/shaky', 503);
    const { id } = await subscribe('/shaky');
    await runToEnd(api, 'demo/good');
    const [failed] = await settled(id, ({ attempts }) => attempts.length === 1);
    expect(failed).toMatchObject({
      status: 'pending',
      attempts: [{ status: 503, error: 'the receiver answered 503' }],
      next_attempt_at: expect.any(String) as unknown,
    });
    expect((await get(id)).failing_since).not.toBeNull();
    outside.answers.set('/shaky', 204);
    expect(await api.post(`/webhooks/${id}/deliveries/${failed?.id}/redeliver`)).toMatchObject({
      status: 202,
      body: { status: 'pending' },
    });
    const [taken] = await settled(id, ({ status }) => status === 'delivered');
    expect(taken?.attempts.map(({ status }) => status)).toEqual([503, 204]);
    expect(new Set(outside.at('/shaky').map((message) => message.id))).toEqual(new Set([failed?.message_id]));
    expect(await get(id)).toMatchObject({ failing_since: null });
    await api.delete(`/webhooks/${id}`);
  });

  it('that never answers holds up no other', async () => {
    outside.answers.set('/silent', null);
    const silent = await subscribe('/silent');
    const prompt = await subscribe('/prompt');
    const runs = await Promise.all(Array.from({ length: 40 }, () => runToEnd(api, 'demo/good')));
    await eventually(
      async () => outside.at('/prompt'),
      (messages) => new Set(messages.map((message) => message.id)).size === runs.length,
      5_000,
    );
    expect(outside.at('/silent').length).toBeLessThanOrEqual(8);
    await api.delete(`/webhooks/${silent.id}`);
    await api.delete(`/webhooks/${prompt.id}`);
  });

  it('is switched off when it is gone, or has failed for days', async () => {
    outside.answers.set('/gone', 410);
    const gone = await subscribe('/gone');
    await runToEnd(api, 'demo/good');
    expect(
      await eventually(
        () => get(gone.id),
        ({ enabled }) => !enabled,
      ),
    ).toMatchObject({ disabled_reason: expect.stringContaining('410') as unknown });
    const [lost] = await settled(gone.id, ({ status }) => status === 'failed');
    expect((await api.post(`/webhooks/${gone.id}/deliveries/${lost?.id}/redeliver`)).body).toMatchObject({
      status: 409,
      code: 'webhook_disabled',
    });

    outside.answers.set('/down', 500);
    const down = await subscribe('/down');
    await runToEnd(api, 'demo/good');
    await eventually(
      () => get(down.id),
      ({ failing_since }) => failing_since !== null,
    );
    await app.app.get(DataSource).query(`UPDATE webhooks SET failing_since = now() - interval '6 days' WHERE id = $1`, [down.id]);
    await runToEnd(api, 'demo/good');
    const off = await eventually(
      () => get(down.id),
      ({ enabled }) => !enabled,
    );
    expect(off.disabled_reason).toContain('nothing was delivered for 144 hours');
    expect((await api.patch<WebhookBody>(`/webhooks/${down.id}`, { enabled: true })).body).toMatchObject({
      enabled: true,
      disabled_reason: null,
      failing_since: null,
    });
    await api.delete(`/webhooks/${down.id}`);
    await api.delete(`/webhooks/${gone.id}`);
  });

  it('reaches nothing private that is not allowed', async () => {
    const { body } = await api.post<WebhookBody>('/webhooks', { url: 'http://10.1.2.3/steal' });
    await runToEnd(api, 'demo/good');
    const [refused] = await settled(body.id, ({ attempts }) => attempts.length > 0);
    expect(refused?.attempts[0]).toMatchObject({ status: null, error: expect.stringContaining('egress_refused') as unknown });
    await api.delete(`/webhooks/${body.id}`);
    for (const url of ['ftp://example.com', 'no url', 'https://user:pass@example.com']) {
      expect((await api.post('/webhooks', { url })).body).toMatchObject({ status: 422, errors: [{ path: '/url' }] });
    }
    expect((await api.post('/webhooks', {})).body).toMatchObject({ status: 422, errors: [{ path: '/url', code: 'required' }] });
  });

  it('is a matter of admins', async () => {
    const { api: operator } = await app.createKey({ role: 'operator' });
    expect((await operator.get('/webhooks')).status).toBe(403);
  });
});
