import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lifecycle } from '../../src/platform/lifecycle/index.js';
import { startApp, type TestApp } from '../support/index.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

describe('health', () => {
  it.each(['/health', '/health/live', '/health/ready'])('%s answers without a key', async (path) => {
    const { status, body } = await app.api.withKey(undefined).get(path);
    expect(status).toBe(200);
    expect(body).toEqual({ status: 'ok', version: '0.1.0', service: 'heddle', uptime_seconds: expect.any(Number) as number });
  });

  it('stays alive but not ready while draining, and refuses new work', async () => {
    const { api } = app;
    const shutdown = app.app.get(Lifecycle).shutdown('the test says so');
    const ready = await api.get('/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.body).toMatchObject({ status: 'unavailable', failing: [{ name: 'lifecycle', message: 'the server is shutting down' }] });
    expect((await api.get('/health/live')).status).toBe(200);
    expect(await api.get('/me')).toMatchObject({ status: 503, body: { code: 'draining' } });
    await shutdown;
  });
});
