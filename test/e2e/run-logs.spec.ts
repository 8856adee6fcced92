import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { openStream, runToEnd, storeWorkflow, type EventBody, type RunBody } from '../support/runs.js';

interface LogLine {
  readonly run_id: string;
  readonly seq: number;
  readonly at: string;
  readonly step: string;
  readonly stream: string;
  readonly level: string;
  readonly message: string;
}

interface LogPage {
  readonly data: LogLine[];
  readonly next_cursor: string | null;
}

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
  await storeWorkflow(app.api, {
    name: 'demo/talk',
    nodes: [
      {
        id: 'items',
        type: 'debug.log',
        for_each: { items: '{{ range(5) }}', max_parallel: 1 },
        config: { message: 'item {{ item }}', level: 'debug' },
      },
      { id: 'nap', type: 'time.delay', needs: ['items'], config: { delay_ms: 200 } },
      { id: 'items2', type: 'debug.log', needs: ['nap'], config: { message: 'careful', level: 'warn' } },
      { id: 'end', type: 'debug.log', needs: ['items2'], config: { message: 'it broke', level: 'error' } },
    ],
  });
});
afterAll(() => app?.close());

async function logs(runId: string, query: Record<string, string | number> = {}): Promise<LogPage> {
  const { status, body } = await app.api.get<LogPage>(`/runs/${runId}/logs`, { query });
  expect(status).toBe(200);
  return body;
}

describe('the log of a run', () => {
  it('holds what its steps say, in order, and the events they are', async () => {
    const { id } = await runToEnd(app.api, 'demo/talk');
    const { data, next_cursor } = await logs(id);
    expect(next_cursor).toBeNull();
    expect(data.map((line) => `${line.level} ${line.step}: ${line.message}`)).toEqual([
      'debug items[0]: item 0',
      'debug items[1]: item 1',
      'debug items[2]: item 2',
      'debug items[3]: item 3',
      'debug items[4]: item 4',
      'warn items2: careful',
      'error end: it broke',
    ]);
    expect(data[0]).toMatchObject({ run_id: id, stream: 'log' });
    const events = await app.api.get<{ data: EventBody[] }>(`/runs/${id}/events`, { query: { types: 'step.output' } });
    expect(data.map((line) => [line.seq, line.at])).toEqual(events.body.data.map((event) => [event.seq, event.at]));
  });

  it('can be narrowed by level, step and time, and paged', async () => {
    const { id } = await runToEnd(app.api, 'demo/talk');
    expect((await logs(id, { level: 'warn' })).data.map((line) => line.message)).toEqual(['careful', 'it broke']);
    expect((await logs(id, { step: 'items' })).data).toHaveLength(5);
    expect((await logs(id, { step: 'items[3]' })).data.map((line) => line.message)).toEqual(['item 3']);
    const { data } = await logs(id);
    const since = data[5]?.at ?? '';
    expect((await logs(id, { since })).data.map((line) => line.message)).toEqual(['careful', 'it broke']);
    expect((await logs(id, { after: data[5]?.seq ?? 0 })).data.map((line) => line.message)).toEqual(['it broke']);
    const paged: LogLine[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page: LogPage = await logs(id, cursor === undefined ? { limit: 2 } : { limit: 2, cursor });
      paged.push(...page.data);
      cursor = page.next_cursor;
    }
    expect(paged).toEqual(data);
    expect((await app.api.get(`/runs/${id}/logs`, { query: { level: 'loud' } })).status).toBe(422);
    expect((await app.api.get(`/runs/${id}/logs`, { query: { since: 'yesterday' } })).status).toBe(422);
    expect((await app.api.get(`/runs/${id}/logs`, { query: { follow: 'yes' } })).status).toBe(422);
  });

  it('is followed until the run is over', async () => {
    const { body: run } = await app.api.post<RunBody>('/workflows/demo%2Ftalk/runs');
    const stream = await openStream(app.api, `/runs/${run.id}/logs`, { query: { follow: 'true' } });
    const loud = await openStream(app.api, `/runs/${run.id}/logs`, { query: { follow: 'true', level: 'error' } });
    await stream.closed;
    await loud.closed;
    const { data } = await logs(run.id);
    expect(stream.messages.map((message) => message.data)).toEqual(data);
    expect(stream.messages.every((message) => message.event === 'log')).toBe(true);
    expect(loud.messages.map((message) => message.data)).toEqual(data.slice(-1));
    const resumed = await openStream(app.api, `/runs/${run.id}/logs`, {
      query: { follow: 'true' },
      lastEventId: stream.messages[4]?.id ?? '',
    });
    await resumed.closed;
    expect(resumed.messages.map((message) => message.data)).toEqual(data.slice(5));
  });
});
