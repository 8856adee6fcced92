import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { v7 as uuidv7 } from 'uuid';
import { realPostgres, type RealPostgres } from '../../../../test/support/real-postgres.js';
import { loadConfig } from '../../../config/index.js';
import { createLogger } from '../../../platform/logging/index.js';
import { insertRow, JournalDatabase, type SeedRow } from '../testing/journal-database.js';
import { RecordingSink } from '../testing/recording-sink.js';
import { decodePosition, FEED_START, type FeedPosition } from './feed-position.js';
import { RunEventHub } from './run-event-hub.js';
import { TenantFeedReader } from './tenant-feed.reader.js';
import { TenantStreamService, type FeedFilter } from './tenant-stream.service.js';
import { TenantTail } from './tenant-tail.js';

let server: RealPostgres;
let url: string;
let database: JournalDatabase;
let hub: RunEventHub;
let tail: TenantTail;
let streams: TenantStreamService;
const sinks: RecordingSink[] = [];
const logger = createLogger(loadConfig({ HEDDLE_LOG_LEVEL: 'silent' }));

beforeAll(async () => {
  server = await realPostgres();
  url = await server.createDatabase();
  database = await JournalDatabase.at(url);
  const reader = new TenantFeedReader(database.dataSource);
  hub = new RunEventHub();
  tail = new TenantTail(reader, hub, logger);
  streams = new TenantStreamService(reader, tail, logger);
});
afterEach(() => {
  for (const sink of sinks.splice(0)) sink.leave();
});
afterAll(async () => {
  await tail?.onApplicationShutdown();
  await database?.close();
  await server?.stop();
});

function follow(tenant: string, after: FeedPosition | null = FEED_START, filter: FeedFilter = {}): RecordingSink {
  const sink = new RecordingSink();
  sinks.push(sink);
  void streams.stream({ tenant, after, filter }, sink);
  return sink;
}

function places(sink: RecordingSink): string[] {
  return sink.frames.map(({ data }) => {
    const { run_id, seq } = data as { run_id: string; seq: number };
    return `${run_id}/${seq}`;
  });
}

const START: SeedRow = { type: 'run.started', span: 2 };
const step = (name: string): SeedRow => ({ type: 'step.completed', step: name, span: 2, data: { output: 1 } });

describe("a tenant's feed", () => {
  it('never skips what commits late', async () => {
    const tenant = 'late';
    const slow = await database.addRun({ tenant, rows: [START] });
    const fast = await database.addRun({ tenant, rows: [START] });
    const sink = follow(tenant);
    await vi.waitUntil(() => sink.frames.length === 4, { timeout: 15_000 });

    // The older transaction writes first and commits last; the younger one must not be shown before it.
    const holder = new pg.Client(url);
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query(...insertRow(slow, 4, step('late'), { tenant }));
      await database.append(fast, [step('early')], { tenant });
      hub.hinted([fast]);
      const other = follow(tenant, null);
      await database.append(fast, [step('early-2')], { tenant });
      hub.hinted([fast]);
      // Long enough for several readings, had anything been there to read.
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(sink.frames).toHaveLength(4);
      await holder.query('COMMIT');
      hub.hinted([slow]);
      await vi.waitUntil(() => sink.frames.length === 10, { timeout: 15_000 });
      expect(places(sink).slice(4)).toEqual([`${slow}/3`, `${slow}/4`, `${fast}/3`, `${fast}/4`, `${fast}/5`, `${fast}/6`]);
      await vi.waitUntil(() => other.frames.length >= 4, { timeout: 15_000 });
      expect(places(other).slice(-4)).toEqual([`${fast}/3`, `${fast}/4`, `${fast}/5`, `${fast}/6`]);
    } finally {
      await holder.end();
    }
  });

  it('shows a commit soon although other transactions were open when it was told of', async () => {
    const tenant = 'soon';
    const runId = await database.addRun({ tenant, rows: [START] });
    const sink = follow(tenant);
    await vi.waitUntil(() => sink.frames.length === 2, { timeout: 15_000 });
    const holder = new pg.Client(url);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT pg_current_xact_id()');
    await database.append(runId, [step('a')], { tenant });
    hub.hinted([runId]);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await holder.query('COMMIT');
    const committed = performance.now();
    await vi.waitUntil(() => sink.frames.length === 4, { interval: 5, timeout: 15_000 });
    // Nobody told that the other transaction is over: well below the two seconds of the poll all the same.
    expect(performance.now() - committed).toBeLessThan(1_000);
    await holder.end();
  });

  it('goes on after any event without gap or duplicate, also between two events of one row', async () => {
    const tenant = 'resume';
    const runs = [await database.addRun({ tenant, rows: [START, step('a')] }), await database.addRun({ tenant, rows: [START, step('b')] })];
    await database.append(runs[0] ?? '', [step('c')], { tenant });
    const whole = follow(tenant);
    await vi.waitUntil(() => whole.frames.length === 10, { timeout: 15_000 });
    for (const [index, frame] of whole.frames.entries()) {
      if (index === 9) break;
      const rest = follow(tenant, decodePosition(frame.id));
      await vi.waitUntil(() => rest.frames.length === 9 - index, { timeout: 15_000 });
      expect(rest.ids).toEqual(whole.ids.slice(index + 1));
      rest.leave();
    }
  });

  it('begins with the last entries when it is asked to', async () => {
    const tenant = 'history';
    const runId = await database.addRun({ tenant, rows: [START, step('a'), step('b'), step('c')] });
    const begun = (history: number): RecordingSink => {
      const sink = new RecordingSink();
      sinks.push(sink);
      void streams.stream({ tenant, after: null, history, filter: {} }, sink);
      return sink;
    };
    const [two, all] = [begun(2), begun(100)];
    await vi.waitUntil(() => two.frames.length === 4 && all.frames.length === 8, { timeout: 15_000 });
    expect(places(two)).toEqual([5, 6, 7, 8].map((seq) => `${runId}/${seq}`));
    await database.append(runId, [step('d')], { tenant });
    hub.hinted([runId]);
    await vi.waitUntil(() => two.frames.length === 6, { timeout: 15_000 });
  });

  it('holds one tenant only and what the filter asks for', async () => {
    const [mine, theirs] = ['tenant-a', 'tenant-b'];
    const workflowId = uuidv7();
    const runId = await database.addRun({ tenant: mine, workflowId, name: 'demo/a', rows: [START] });
    const otherRun = await database.addRun({ tenant: mine, name: 'demo/b', rows: [START] });
    await database.addRun({ tenant: theirs, rows: [START] });
    const all = follow(mine);
    const byRun = follow(mine, FEED_START, { runId: otherRun });
    const byId = follow(mine, FEED_START, { workflow: workflowId });
    const byName = follow(mine, FEED_START, { workflow: 'demo/a' });
    const byType = follow(mine, FEED_START, { types: new Set(['step.completed']) });
    const byAgent = follow(mine, FEED_START, { agent: 'demo/a' });
    await vi.waitUntil(() => all.frames.length === 4, { timeout: 15_000 });
    await database.append(runId, [step('a')], { tenant: mine });
    await database.append(otherRun, [step('b')], { tenant: mine });
    hub.hinted(null);
    await vi.waitUntil(() => all.frames.length === 8 && byType.frames.length === 2, { timeout: 15_000 });
    expect(places(byRun)).toEqual([1, 2, 3, 4].map((seq) => `${otherRun}/${seq}`));
    expect(places(byId)).toEqual([1, 2, 3, 4].map((seq) => `${runId}/${seq}`));
    expect(byName.ids).toEqual(byId.ids);
    expect(places(byType)).toEqual([`${runId}/4`, `${otherRun}/4`]);
    expect(byAgent.frames).toEqual([]);
  });

  it('costs one query for all followers, and a follower that stops reading gets everything later', async () => {
    const tenant = 'many';
    const runId = await database.addRun({ tenant, rows: [START] });
    const followers = Array.from({ length: 20 }, () => follow(tenant));
    const stuck = follow(tenant);
    stuck.capacity = 3;
    await vi.waitUntil(() => followers.every((sink) => sink.frames.length === 2) && stuck.frames.length === 2, { timeout: 15_000 });
    const queries = vi.spyOn(database.dataSource, 'query');
    await database.append(runId, [step('x1'), step('x2'), step('x3')], { tenant });
    const before = queries.mock.calls.length;
    hub.hinted([runId]);
    await vi.waitUntil(() => followers.every((sink) => sink.frames.length === 8), { timeout: 15_000 });
    expect(queries.mock.calls.length - before).toBeLessThan(6);
    expect(stuck.frames.length).toBe(3);
    queries.mockRestore();
    await database.append(runId, [step('x4')], { tenant });
    hub.hinted([runId]);
    await vi.waitUntil(() => followers.every((sink) => sink.frames.length === 10), { timeout: 15_000 });
    expect(stuck.frames.length).toBe(3);
    stuck.resume();
    await vi.waitUntil(() => stuck.frames.length === 10, { timeout: 15_000 });
    expect(stuck.ids).toEqual(followers[0]?.ids);
  });

  it('loses nothing under concurrent writers', async () => {
    const tenant = 'storm';
    const sink = follow(tenant);
    const late = new RecordingSink();
    sinks.push(late);
    const runs = await Promise.all(Array.from({ length: 8 }, () => database.addRun({ tenant, rows: [START] })));
    const clients = await Promise.all(
      runs.map(async () => {
        const client = new pg.Client(url);
        await client.connect();
        return client;
      }),
    );
    await Promise.all(
      clients.map(async (client, index) => {
        const runId = runs[index] ?? '';
        for (let seq = 4; seq <= 42; seq += 2) {
          await client.query('BEGIN');
          await client.query(...insertRow(runId, seq, step(`s${seq}`), { tenant }));
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
          await client.query('COMMIT');
          hub.hinted([runId]);
        }
        await client.end();
      }),
    );
    const total = runs.length * 42;
    await vi.waitUntil(() => sink.frames.length >= total, { timeout: 5_000 });
    void streams.stream({ tenant, after: FEED_START, filter: {} }, late);
    await vi.waitUntil(() => late.frames.length >= total, { timeout: 5_000 });
    expect(sink.frames).toHaveLength(total);
    expect(late.ids).toEqual(sink.ids);
    for (const runId of runs) {
      const seqs = places(sink).filter((place) => place.startsWith(runId));
      expect(seqs).toEqual(Array.from({ length: 42 }, (_, index) => `${runId}/${index + 1}`));
    }
  });
});
