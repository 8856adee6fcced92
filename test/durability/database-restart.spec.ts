import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputsOfJourney, storeJourneys } from '../support/journey.js';
import { finishedKeys } from '../support/run-records.js';
import { eventually, type RunBody } from '../support/runs.js';
import type { TestServer } from '../support/server.js';
import { Stage } from '../support/stage.js';

const CLIENTS = 6;
const RESTARTS = 3;
const ACCEPTED_PER_PHASE = 10;

let stage: Stage;
let server: TestServer;
beforeAll(async () => {
  stage = await Stage.start({ restarts: true, env: { HEDDLE_PARK_AFTER_MS: '20', HEDDLE_LEASE_MS: '5000' } });
  [server] = await Promise.all([stage.node(), stage.node({ HEDDLE_ROLE: 'worker' })]);
  await storeJourneys(server.api);
});
afterAll(() => stage?.stop());

/** Asks for one journey after the other, for each until it is accepted. */
class Client {
  readonly accepted: string[] = [];
  private leaving = false;

  constructor(private readonly name: string) {}

  async work(): Promise<void> {
    while (!this.leaving) this.accepted.push(await this.start(this.accepted.length));
  }

  leave(): void {
    this.leaving = true;
  }

  private async start(n: number): Promise<string> {
    const ask = () =>
      server.api.post<RunBody>(
        '/workflows/durability%2Fjourney/runs',
        { inputs: { n, url: stage.world.url } },
        { headers: { 'idempotency-key': `${this.name} ${n}` }, query: { wait: '300ms' } },
      );
    // 409 is for a key whose first request was cut off and may still be under way.
    const { status, body } = await eventually(ask, (answer) => ![409, 503].includes(answer.status), 60_000);
    expect([200, 202]).toContain(status);
    return body.id;
  }
}

describe('Postgres restarted under load', { timeout: 120_000 }, () => {
  it.each(['fast', 'immediate'] as const)('%s: the engine connects again, and nothing that was accepted is lost', async (mode) => {
    const { records, world, postgres } = stage;
    const clients = Array.from({ length: CLIENTS }, (_, index) => new Client(`${mode} ${index}`));
    const accepted = async (): Promise<number> => clients.reduce((sum, client) => sum + client.accepted.length, 0);
    const working = clients.map((client) => client.work());
    const finished = new Map<string, number>();
    for (let restart = 1; restart <= RESTARTS; restart += 1) {
      await eventually(accepted, (n) => n >= restart * ACCEPTED_PER_PHASE, 30_000);
      for (const key of finishedKeys(await records.journals())) if (!finished.has(key)) finished.set(key, world.times(key));
      await postgres.restart({ mode });
      // The time that makes the key of a request that was cut off free again.
      await records.query('UPDATE idempotency_keys SET locked_until = now() WHERE response_status IS NULL');
    }
    await eventually(accepted, (n) => n >= (RESTARTS + 1) * ACCEPTED_PER_PHASE, 30_000);
    for (const client of clients) client.leave();
    await Promise.all(working);
    await records.ended(30_000);

    expect(await records.faults()).toEqual([]);
    expect(new Map([...finished.keys()].map((key) => [key, world.times(key)]))).toEqual(finished);
    for (const client of clients) {
      for (const [n, id] of client.accepted.entries()) {
        expect((await server.api.get<RunBody>(`/runs/${id}`)).body).toMatchObject({ id, status: 'success', outputs: outputsOfJourney(n) });
      }
    }
  });
});
