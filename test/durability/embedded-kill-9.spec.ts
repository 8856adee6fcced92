import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedServer } from '../../src/platform/database/embedded/embedded-server.js';
import { EffectsServer } from '../support/effects-server.js';
import { outputsOfJourney, start, storeJourneys } from '../support/journey.js';
import { RunRecords } from '../support/run-records.js';
import { eventually, type RunBody } from '../support/runs.js';
import { startServer } from '../support/server.js';

const WRITER = join(import.meta.dirname, 'fixtures', 'write-rows.mjs');
const ROUNDS = 6;

let dataDir: string;
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'heddle-kill-9-'));
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** Lets a process write until it has acknowledged so many rows, kills it, and returns the numbers it acknowledged. */
async function writeAndKill(from: number, rows: number): Promise<number[]> {
  const child = spawn(process.execPath, [WRITER, dataDir, String(from)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (out.split('\n').length > rows) child.kill('SIGKILL');
  });
  await once(child, 'close');
  if (child.signalCode !== 'SIGKILL') throw new Error(`the writer ended by itself: ${errors}`);
  // The last line may be cut off; what is not printed whole was not acknowledged.
  return out.split('\n').slice(0, -1).map(Number);
}

describe('kill -9 of a process that serves the embedded database', { timeout: 240_000 }, () => {
  it(`loses no acknowledged row in ${ROUNDS} rounds, and locks nobody out`, async () => {
    const acknowledged: number[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      acknowledged.push(...(await writeAndKill(round * 1_000_000, round % 2 === 0 ? 3 : 400 * round)));
      const server = await EmbeddedServer.start({ dataDir, idleInTransactionMs: 30_000, onRestart: () => {} });
      const client = new pg.Client({ host: server.host, user: 'postgres', database: 'postgres' });
      await client.connect();
      const { rows } = await client.query<{ n: number }>('SELECT n FROM acknowledged WHERE length(filler) = 200');
      await client.end();
      await server.stop();
      const present = new Set(rows.map((row) => row.n));
      expect({ round, lost: acknowledged.filter((n) => !present.has(n)) }).toEqual({ round, lost: [] });
    }
    expect(acknowledged.length).toBeGreaterThan(1_000);
  });

  it('leaves no half-made database behind when it dies during the first start', async () => {
    const fresh = mkdtempSync(join(tmpdir(), 'heddle-first-start-'));
    try {
      for (const delayMs of [600, 1_500, 2_500]) {
        const child = spawn(process.execPath, [WRITER, fresh, '1'], { stdio: 'ignore' });
        const timer = setTimeout(() => child.kill('SIGKILL'), delayMs);
        await once(child, 'close');
        clearTimeout(timer);
      }
      const server = await EmbeddedServer.start({ dataDir: fresh, idleInTransactionMs: 30_000, onRestart: () => {} });
      const client = new pg.Client({ host: server.host, user: 'postgres', database: 'postgres' });
      await client.connect();
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      await client.end();
      await server.stop();
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  });
});

describe('kill -9 of a server on the embedded database', { timeout: 240_000 }, () => {
  it('loses no accepted run: each of them ends', async () => {
    const world = await EffectsServer.start();
    const server = await startServer({ env: { HEDDLE_EGRESS_ALLOW: '127.0.0.1', HEDDLE_LEASE_MS: '1000', HEDDLE_PARK_AFTER_MS: '20' } });
    const accepted: { id: string; n: number }[] = [];
    try {
      await storeJourneys(server.api);
      for (const acceptedBeforeKill of [1, 8, 30]) {
        const before = accepted.length;
        const { api } = server;
        const starting = Array.from({ length: 40 }, async (_, n) =>
          accepted.push({ id: await start(api, 'durability/journey', n, world), n }),
        );
        const answered = Promise.allSettled(starting);
        await eventually(
          async () => accepted.length - before,
          (count) => count >= acceptedBeforeKill,
          30_000,
        );
        await server.restart();
        await answered;
      }
      const lost: string[] = [];
      for (const { id, n } of accepted) {
        const ended = await eventually(
          () => server.api.get<RunBody>(`/runs/${id}`),
          ({ status, body }) => status === 404 || ['success', 'failed'].includes(body.status),
          60_000,
        );
        if (ended.status === 404) lost.push(id);
        else expect(ended.body).toMatchObject({ status: 'success', outputs: outputsOfJourney(n) });
      }
      expect(lost).toEqual([]);
      // Runs whose acceptance nobody heard of, and child runs.
      const stats = () => server.api.get<{ total: number; success: number }>('/runs/stats');
      await eventually(stats, ({ body }) => body.total === body.success, 60_000);
      await server.kill('SIGKILL');
      expect(await faultsOf(server.dataDir)).toEqual([]);
    } finally {
      await server.dispose();
      await world.stop();
    }
  });
});

/** What is wrong with the journals in an embedded database that nobody serves. */
async function faultsOf(directory: string): Promise<string[]> {
  const database = await EmbeddedServer.start({ dataDir: directory, idleInTransactionMs: 30_000, onRestart: () => {} });
  const records = new RunRecords({ host: database.host, user: 'postgres', database: 'postgres' });
  try {
    return await records.faults();
  } finally {
    await records.close();
    await database.stop();
  }
}
