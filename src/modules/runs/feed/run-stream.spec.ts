import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunEventType } from '../../../engine/index.js';
import { createLogger } from '../../../platform/logging/index.js';
import { loadConfig } from '../../../config/index.js';
import { ListEventsQuery } from '../queries/list-events.query.js';
import { ListStepsQuery, type StepsCursor, type StepsPage } from '../queries/list-steps.query.js';
import { JournalDatabase, NO_LARGE_OUTPUTS, TENANT, type SeedRow } from '../testing/journal-database.js';
import { RecordingSink } from '../testing/recording-sink.js';
import { RunEventHub } from './run-event-hub.js';
import { RunEventsReader } from './run-events.reader.js';
import { RunStreamService } from './run-stream.service.js';

let database: JournalDatabase;
let reader: RunEventsReader;
const hub = new RunEventHub();
const logger = createLogger(loadConfig({ HEDDLE_LOG_LEVEL: 'silent' }));

beforeAll(async () => {
  database = await JournalDatabase.embedded();
  reader = new RunEventsReader(database.dataSource);
});
afterAll(() => database?.close());

const START: SeedRow = { type: 'run.started', span: 2, data: { inputs: {} } };
const END: SeedRow = { type: 'run.completed', data: { outputs: {} } };

function step(index: number): SeedRow {
  return { type: 'step.completed', step: `s${index}`, span: 2, data: { output: index } };
}

function stream(runId: string, sink: RecordingSink, after = 0, types?: ReadonlySet<RunEventType>): Promise<void> {
  return new RunStreamService(reader, hub, NO_LARGE_OUTPUTS, logger).stream({ tenant: TENANT, runId, after, types }, sink);
}

describe("a run's event log", () => {
  it('is the same over pages and over a stream, wherever either begins', async () => {
    const runId = await database.addRun({
      status: 'success',
      rows: [START, ...Array.from({ length: 30 }, (_, index) => step(index)), END],
    });
    const total = 2 + 60 + 1;
    for (let after = 0; after <= total; after += 7) {
      const sink = new RecordingSink();
      await stream(runId, sink, after);
      expect(sink.outcome).toBe('ended');
      expect(sink.ids).toEqual(Array.from({ length: total - after }, (_, index) => String(after + index + 1)));
    }
    const query = new ListEventsQuery(reader);
    for (const limit of [1, 2, 7, 100]) {
      const seen: number[] = [];
      for (let after: number | null = 0; after !== null;) {
        const page: Awaited<ReturnType<ListEventsQuery['execute']>> = await query.execute({ tenant: TENANT, runId, after, limit });
        expect(page.events.length).toBeLessThanOrEqual(limit);
        seen.push(...page.events.map((event) => event.seq));
        after = page.next;
      }
      expect(seen).toEqual(Array.from({ length: total }, (_, index) => index + 1));
    }
  });

  it('shows chosen types only, and both halves of a row by their own types', async () => {
    const runId = await database.addRun({
      status: 'success',
      rows: [START, step(1), { type: 'step.output', step: 's', data: {} }, step(2), END],
    });
    const seen = async (...types: RunEventType[]): Promise<string[]> => {
      const sink = new RecordingSink();
      await stream(runId, sink, 0, new Set(types));
      expect(sink.outcome).toBe('ended');
      return sink.frames.map((frame) => `${frame.id}:${frame.event}`);
    };
    expect(await seen('step.started')).toEqual(['3:step.started', '6:step.started']);
    expect(await seen('run.created', 'step.completed')).toEqual(['1:run.created', '4:step.completed', '7:step.completed']);
    expect(await seen('approval.requested')).toEqual([]);
  });

  it('finds a rare type across windows of a long run, also where a window splits a row', async () => {
    const runId = await database.addRun({ status: 'success', rows: [{ type: 'run.created', data: { inputs: {} } }] });
    await database.dataSource.query(
      `INSERT INTO run_events (run_id, seq, span, tenant_id, type, step, attempt, at, data, hash)
       SELECT $1, n, 1, $2, 'step.output', 's', 1, now(), '{}', '\\x00' FROM generate_series(2, 4999) n`,
      [runId, TENANT],
    );
    // Covers 5000 and 5001, where the first window ends.
    await database.append(runId, [step(1)]);
    await database.dataSource.query(
      `INSERT INTO run_events (run_id, seq, span, tenant_id, type, step, attempt, at, data, hash)
       SELECT $1, n, 1, $2, 'step.output', 's', 1, now(), '{}', '\\x00' FROM generate_series(5002, 12000) n`,
      [runId, TENANT],
    );
    await database.append(runId, [step(2), END]);
    const sink = new RecordingSink();
    await stream(runId, sink, 0, new Set<RunEventType>(['step.started', 'step.completed']));
    expect(sink.ids).toEqual(['5000', '5001', '12001', '12002']);
    expect(sink.outcome).toBe('ended');
  });

  it('is read in pieces of bounded size when payloads are large', async () => {
    const large = (index: number): SeedRow => ({
      type: 'step.completed',
      step: `s${index}`,
      span: 2,
      // Random, because what is stored is compressed.
      data: { output: randomBytes(2 * 1024 * 1024).toString('base64') },
    });
    const runId = await database.addRun({
      status: 'success',
      rows: [START, ...Array.from({ length: 8 }, (_, index) => large(index)), END],
    });
    const batch = await reader.read({ tenant: TENANT, runId, after: 0, limit: 500 });
    expect(batch.more).toBe(true);
    expect(batch.events.length).toBeLessThan(12);
    const sink = new RecordingSink();
    await stream(runId, sink);
    expect(sink.ids).toEqual(Array.from({ length: 19 }, (_, index) => String(index + 1)));
    const filtered = new RecordingSink();
    await stream(runId, filtered, 0, new Set<RunEventType>(['step.completed']));
    expect(filtered.ids).toEqual(['4', '6', '8', '10', '12', '14', '16', '18']);
    const steps: string[] = [];
    for (let cursor: StepsCursor | null = { settled: 0 }; cursor !== null;) {
      const page: StepsPage = await new ListStepsQuery(database.dataSource, NO_LARGE_OUTPUTS).execute({
        tenant: TENANT,
        runId,
        over: true,
        restartedAt: 0,
        cursor,
        limit: 100,
      });
      expect(page.steps.length).toBeLessThan(8);
      steps.push(...page.steps.map((step) => step.path));
      cursor = page.next;
    }
    expect(steps).toEqual(Array.from({ length: 8 }, (_, index) => `s${index}`));
  });

  it('is followed live and closes after the terminal event', async () => {
    const runId = await database.addRun({ rows: [START] });
    const sink = new RecordingSink();
    const done = stream(runId, sink);
    await vi.waitUntil(() => sink.frames.length === 2, { timeout: 15_000 });
    await database.append(runId, [step(1)]);
    hub.hinted([runId]);
    await vi.waitUntil(() => sink.frames.length === 4, { timeout: 15_000 });
    await database.append(runId, [END]);
    hub.hinted([runId]);
    await done;
    expect(sink.ids).toEqual(['1', '2', '3', '4', '5']);
    expect(sink.outcome).toBe('ended');
  });

  it('does not wait for what never comes: a reader behind the end of a run that is over', async () => {
    const runId = await database.addRun({ status: 'success', rows: [START, END] });
    const sink = new RecordingSink();
    await stream(runId, sink, 3);
    expect(sink.frames).toEqual([]);
    expect(sink.outcome).toBe('ended');
  });

  it('goes at the pace of its reader and stops when the reader leaves', async () => {
    const runId = await database.addRun({
      status: 'success',
      rows: [START, ...Array.from({ length: 20 }, (_, index) => step(index)), END],
    });
    const sink = new RecordingSink();
    sink.capacity = 5;
    const done = stream(runId, sink);
    await vi.waitUntil(() => sink.frames.length === 5, { timeout: 15_000 });
    sink.leave();
    await done;
    expect(sink.frames).toHaveLength(5);
  });
});
