import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { JournalDatabase, NO_LARGE_OUTPUTS, TENANT, type SeedRow } from '../testing/journal-database.js';
import { GetRunQuery, NEVER_RESTARTED } from './get-run.query.js';
import { ListRunsQuery, type ListRunsRequest } from './list-runs.query.js';
import { ListStepsQuery, type StepsCursor } from './list-steps.query.js';
import type { StepRecord } from './step-record.js';
import { RunStatsQuery } from './run-stats.query.js';

let database: JournalDatabase;

beforeAll(async () => {
  database = await JournalDatabase.embedded();
});
afterAll(() => database?.close());

const NODE = { node_id: 'n', node_type: 'transform.set' };

function completed(step: string, output: number): SeedRow {
  return { type: 'step.completed', step, span: 2, data: { ...NODE, output } };
}

describe('the list of runs', () => {
  const tenant = 'lists';
  const ids: string[] = [];
  const list = async (request: Omit<Partial<ListRunsRequest>, 'filter'> & { filter?: object } = {}): Promise<string[]> => {
    const rows = await new ListRunsQuery(database.dataSource).execute({
      statuses: [],
      before: null,
      limit: 100,
      ...request,
      filter: { tenant, ...request.filter },
    });
    return rows.map((row) => row.id);
  };

  beforeAll(async () => {
    const createdAt = new Date('2026-01-01T00:00:00Z');
    const msecs = createdAt.getTime();
    ids.push(
      await database.addRun({ tenant, id: uuidv7({ msecs }), createdAt, status: 'success', tags: ['nightly'], workflowId: uuidv7() }),
      await database.addRun({
        tenant,
        id: uuidv7({ msecs: msecs + 1_000 }),
        createdAt: new Date(msecs + 1_000),
        status: 'failed',
        trigger: 'cron',
      }),
      await database.addRun({ tenant, live: { state: 'waiting' } }),
      await database.addRun({ tenant, live: { state: 'ready', started_at: null, owner: null, lease_until: null } }),
      await database.addRun({ tenant, live: { cancel_requested_at: new Date() } }),
      await database.addRun({ tenant }),
    );
    await database.addRun({ tenant: 'others' });
  });

  it('is newest first, page by page, and holds nothing of other tenants', async () => {
    const newestFirst = ids.toReversed();
    expect(await list()).toEqual(newestFirst);
    const seen: string[] = [];
    for (let before: string | null = null; ;) {
      const page: string[] = await list({ before, limit: 2 });
      if (page.length === 0) break;
      seen.push(...page);
      before = page.at(-1) ?? null;
    }
    expect(seen).toEqual(newestFirst);
  });

  it('filters by every status, derived ones too, and by several at once', async () => {
    expect(await list({ statuses: ['success'] })).toEqual([ids[0]]);
    expect(await list({ statuses: ['failed'] })).toEqual([ids[1]]);
    expect(await list({ statuses: ['waiting'] })).toEqual([ids[2]]);
    expect(await list({ statuses: ['pending'] })).toEqual([ids[3]]);
    expect(await list({ statuses: ['cancelling'] })).toEqual([ids[4]]);
    expect(await list({ statuses: ['running'] })).toEqual([ids[5]]);
    expect(await list({ statuses: ['running', 'failed', 'pending'] })).toEqual([ids[5], ids[3], ids[1]]);
    expect(await list({ statuses: ['running', 'failed', 'pending'], limit: 2 })).toEqual([ids[5], ids[3]]);
    expect(await list({ statuses: ['running', 'failed', 'pending'], before: ids[3] ?? null })).toEqual([ids[1]]);
  });

  it('filters by tag, trigger, time and parent', async () => {
    expect(await list({ filter: { tag: 'nightly' } })).toEqual([ids[0]]);
    expect(await list({ filter: { trigger: 'cron' } })).toEqual([ids[1]]);
    expect(await list({ filter: { until: new Date('2026-01-01T00:00:01Z') } })).toEqual([ids[0]]);
    expect(await list({ filter: { since: new Date('2026-01-01T00:00:01Z'), until: new Date('2026-01-02T00:00:00Z') } })).toEqual([ids[1]]);
    const child = await database.addRun({ tenant, parentRunId: ids[5] ?? '', status: 'success' });
    expect(await list({ filter: { parent: ids[5] } })).toEqual([child]);
  });
});

describe('the steps of a run', () => {
  const page = async (runId: string, over: boolean, cursor: StepsCursor, limit: number, restartedAt = 0) =>
    new ListStepsQuery(database.dataSource, NO_LARGE_OUTPUTS).execute({ tenant: TENANT, runId, over, restartedAt, cursor, limit });
  const all = async (runId: string, over: boolean, restartedAt = 0): Promise<StepRecord[]> =>
    (await page(runId, over, { settled: 0 }, 100, restartedAt)).steps;

  it('are one record per path, whatever rows led there', async () => {
    const inputs = { url: 'http://example.org' };
    const error = { code: 'http_status', message: '503' };
    const runId = await database.addRun({
      status: 'failed',
      rows: [
        { type: 'run.started', span: 2, data: { inputs: {} } },
        { type: 'step.completed', step: 'quick', span: 2, at: 5, startedAt: 2, data: { ...NODE, inputs, output: { ok: true } } },
        { type: 'step.started', step: 'slow', at: 10, data: NODE },
        { type: 'step.output', step: 'slow', at: 11, data: { stream: 'log', level: 'info', message: 'hi' } },
        { type: 'step.completed', step: 'slow', at: 60, startedAt: 10, data: { ...NODE, output: 1 } },
        { type: 'step.retrying', step: 'flaky', span: 2, at: 70, data: { ...NODE, error, next_at: 1 } },
        { type: 'step.failed', step: 'flaky', span: 2, attempt: 2, at: 80, startedAt: 75, data: { ...NODE, error } },
        { type: 'step.skipped', step: 'after', at: 81, data: { ...NODE, reason: 'upstream' } },
        { type: 'run.failed', at: 82, data: { error } },
      ],
    });
    const steps = await all(runId, true);
    expect(steps.map(({ path, status, attempt, duration_ms }) => [path, status, attempt, duration_ms])).toEqual([
      ['quick', 'success', 1, 3],
      ['slow', 'success', 1, 50],
      ['flaky', 'failed', 2, 5],
      ['after', 'skipped', 1, null],
    ]);
    expect(steps[0]).toMatchObject({ node_id: 'n', type: 'transform.set', inputs, output: { ok: true }, error: null });
    expect(steps[2]).toMatchObject({ output: null, error });
    expect(steps[3]?.started_at).toBeNull();
  });

  it('show a fan-out with the outputs of its items in order', async () => {
    const runId = await database.addRun({
      status: 'success',
      rows: [
        { type: 'run.started', span: 2 },
        completed('price[1]', 11),
        completed('price[0]', 10),
        { type: 'step.failed', step: 'price[2]', span: 2, data: { ...NODE, error: { code: 'x', message: 'x' } } },
        completed('price2[0]', 99),
        completed('price[10]', 20),
        { type: 'step.completed', step: 'price', span: 2, data: { ...NODE, items: 11 } },
      ],
    });
    const steps = await all(runId, true);
    expect(steps.find((step) => step.path === 'price')?.output).toEqual([10, 11, null, null, null, null, null, null, null, null, 20]);
    expect(steps.find((step) => step.path === 'price[1]')?.output).toBe(11);
  });

  it('come in pages that add up, open steps last', async () => {
    const runId = await database.addRun({
      rows: [
        { type: 'run.started', span: 2 },
        { type: 'step.started', step: 'open-1', data: NODE },
        completed('a', 1),
        { type: 'step.waiting', step: 'open-2', span: 2, data: { ...NODE, key: 'k', wait: { kind: 'child', run_id: uuidv7() } } },
        completed('b', 2),
        completed('c', 3),
        {
          type: 'step.retrying',
          step: 'open-3',
          span: 2,
          data: { ...NODE, error: { code: 'x', message: 'y' }, next_at: Date.now() + 60_000 },
        },
      ],
    });
    const seen: string[] = [];
    let cursor: StepsCursor | null = { settled: 0 };
    let pages = 0;
    while (cursor !== null) {
      const { steps, next }: { steps: StepRecord[]; next: StepsCursor | null } = await page(runId, false, cursor, 2);
      seen.push(...steps.map((step) => `${step.path}:${step.status}`));
      cursor = next;
      pages += 1;
    }
    expect(seen).toEqual(['a:success', 'b:success', 'c:success', 'open-1:running', 'open-2:waiting', 'open-3:waiting']);
    expect(pages).toBe(3);
    const steps = await new GetRunQuery(database.dataSource, NO_LARGE_OUTPUTS).steps(TENANT, runId, NEVER_RESTARTED);
    expect(steps).toEqual({ completed: 3, open: ['open-1', 'open-2', 'open-3'] });
  });

  it('know when and what a cancelled step was', async () => {
    const runId = await database.addRun({
      status: 'cancelled',
      rows: [
        { type: 'run.started', span: 2 },
        { type: 'step.started', step: 'sleep', at: 10, data: { ...NODE, inputs: { ms: 5 } } },
        { type: 'step.cancelled', step: 'sleep', at: 30, data: { reason: 'cancelled' } },
        { type: 'run.cancelled', at: 31, data: { reason: null } },
      ],
    });
    expect(await all(runId, true)).toMatchObject([
      { path: 'sleep', status: 'cancelled', node_id: 'n', inputs: { ms: 5 }, duration_ms: 20 },
    ]);
  });

  it('leave out what an earlier attempt of the run did in vain', async () => {
    const runId = await database.addRun({
      rows: [
        { type: 'run.started', span: 2 },
        completed('a', 1),
        { type: 'step.failed', step: 'b', span: 2, data: { ...NODE, error: { code: 'x', message: 'x' } } },
        { type: 'run.waiting', data: { reason: 'retry_run', until: 1, attempt: 1 } },
        { type: 'run.resumed', data: { reason: 'retry_run', attempt: 2 } },
        completed('b', 2),
      ],
    });
    const query = new GetRunQuery(database.dataSource, NO_LARGE_OUTPUTS);
    const restart = await query.lastRestart(TENANT, runId);
    expect(restart).toEqual({ attempt: 2, seq: 8 });
    expect((await all(runId, false, restart.seq)).map(({ path, status }) => [path, status])).toEqual([
      ['a', 'success'],
      ['b', 'success'],
    ]);
    expect((await query.steps(TENANT, runId, restart)).completed).toBe(2);
  });
});

describe('a run', () => {
  it('has its inputs and outputs from the journal', async () => {
    const query = new GetRunQuery(database.dataSource, NO_LARGE_OUTPUTS);
    const runId = await database.addRun({
      status: 'success',
      rows: [
        { type: 'run.started', span: 2, data: { inputs: { n: 1 } } },
        completed('a', 1),
        { type: 'run.completed', data: { outputs: { sum: 2 } } },
      ],
    });
    expect(await query.withPayloads(TENANT, runId)).toMatchObject({ id: runId, status: 'success', inputs: { n: 1 }, outputs: { sum: 2 } });
    expect(await query.withPayloads('someone-else', runId)).toBeNull();
  });
});

describe('the statistics', () => {
  it('count by status and measure what is over', async () => {
    const tenant = 'stats';
    for (const durationMs of [100, 200, 300]) await database.addRun({ tenant, status: 'success', durationMs });
    await database.addRun({ tenant, status: 'failed', durationMs: 400 });
    await database.addRun({ tenant });
    await database.addRun({ tenant, live: { state: 'waiting' } });
    const stats = await new RunStatsQuery(database.dataSource).execute({ tenant });
    expect(stats).toEqual({
      total: 6,
      success: 3,
      failed: 1,
      cancelled: 0,
      pending: 0,
      running: 1,
      waiting: 1,
      cancelling: 0,
      success_rate: 0.75,
      avg_duration_ms: 250,
      p50_ms: 250,
      p95_ms: 385,
      p99_ms: 397,
    });
    expect(await new RunStatsQuery(database.dataSource).execute({ tenant: 'nobody' })).toMatchObject({
      total: 0,
      success_rate: null,
      p50_ms: null,
    });
  });
});
