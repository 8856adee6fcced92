import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually, storeWorkflow } from '../support/runs.js';
import { type Door, doorsOf } from './support/doors.js';

const NAMES = ['native', 'astromesh', 'awf', 'flowengine', 'flwd', 'the root of flwd', 'meshflow'];
const CANCELLERS = ['native', 'awf', 'flwd', 'the root of flwd'];
const PAIRS = NAMES.flatMap((starter) => CANCELLERS.map((canceller) => [starter, canceller] as const));

let server: TestApp;
let doors: ReturnType<typeof doorsOf>;

beforeAll(async () => {
  server = await startApp({ env: { HEDDLE_RATE_LIMIT: '1000000' } });
  doors = doorsOf(server);
});
afterAll(async () => {
  await server?.close();
});

const doorOf = (name: string): Door => doors[name] ?? expect.fail(`there is no door ${name}`);

/** A workflow of its own for each run, so that the run is known by it. */
async function waiting(name: string): Promise<string> {
  const nodes = [
    { id: 'say', type: 'debug.log', config: { message: 'on its way' } },
    { id: 'rest', type: 'time.delay', needs: ['say'], config: { delay_ms: 600_000 } },
  ];
  return (await storeWorkflow(server.api, { name, nodes })).name;
}

/** The run of a workflow, once it waits. */
async function runOf(workflow: string): Promise<string> {
  const runs = async (): Promise<{ id: string; status: string }[]> =>
    (await server.api.get<{ data: { id: string; status: string }[] }>('/runs', { query: { workflow } })).body.data;
  const [run] = await eventually(runs, (all) => all.length > 0, 30_000);
  return run?.id ?? '';
}

it('knows every door, and who can cancel', () => {
  expect(Object.keys(doors)).toEqual(NAMES);
  expect(NAMES.filter((name) => doorOf(name).cancel !== undefined)).toEqual(CANCELLERS);
});

/** What the doors say, by their names; those that cannot do it are left out. */
async function ask<T>(how: (door: Door) => Promise<T> | undefined): Promise<Record<string, T>> {
  const entries = Object.entries(doors).map(async ([name, door]) => [name, await how(door)] as const);
  const answers = await Promise.all(entries);
  return Object.fromEntries(answers.flatMap(([name, answer]) => (answer === undefined ? [] : [[name, answer]])));
}

/** How the doors of these answers call what is cancelled. */
function cancelledIn(answers: object): object {
  return Object.fromEntries(Object.keys(answers).map((name) => [name, doorOf(name).cancelled]));
}

it.each(PAIRS)('what %s has started is followed by all, cancelled by %s, and read by all', async (starter, canceller) => {
  const workflow = await waiting(`doors/${starter.replaceAll(' ', '-')}-${canceller.replaceAll(' ', '-')}`);
  const started = doorOf(starter).start(workflow);
  const id = await runOf(workflow);
  const followed = await ask((door) => door.follow?.(id));
  await doorOf(canceller).cancel?.(id);
  const ends: Record<string, unknown> = {};
  for (const [name, { ended }] of Object.entries(followed)) ends[name] = await ended;
  expect(ends).toEqual(cancelledIn(ends));
  const statuses = await ask((door) => door.status?.(id));
  expect(statuses).toEqual(cancelledIn(statuses));
  expect([Object.keys(ends).length, Object.keys(statuses).length]).toEqual([6, 6]);
  await started;
});
