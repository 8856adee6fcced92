import { afterAll, beforeAll, expect, it } from 'vitest';
import { askLater, storeAgent } from '../support/agents.js';
import { ModelServer, type ModelCall } from '../support/model-server.js';
import { eventually, type RunBody } from '../support/runs.js';
import type { TestServer } from '../support/server.js';
import { Stage } from '../support/stage.js';

/**
 * Turns of one conversation, asked of three nodes that are killed. The model counts whose turns are open at a time and keeps what
 * each was shown: everything that was said before it, and nothing else.
 */

const TURNS = 12;

let stage: Stage;
let nodes: TestServer[];
let models: ModelServer;

beforeAll(async () => {
  models = await ModelServer.start();
  stage = await Stage.start({ env: { HEDDLE_LEASE_MS: '1000', HEDDLE_PARK_AFTER_MS: '200', HEDDLE_POOL_SIZE: '5' } });
  nodes = await Promise.all([stage.node(), stage.node(), stage.node()]);
}, 120_000);
afterAll(async () => {
  await stage?.stop();
  models?.stop();
});

const shown = ({ body }: ModelCall): string[] =>
  body.messages
    .filter(({ role }) => role !== 'system')
    .map(({ content }) => (typeof content === 'string' ? content : (content as { text: string }[]).map(({ text }) => text).join('')));
const asked = (call: ModelCall): string => shown(call).at(-1) ?? '';

it('one turn at a time, each after all that was said before, whichever node dies when', async () => {
  const [first, second, third] = nodes as [TestServer, TestServer, TestServer];
  let most = 0;
  models.answer(async (call) => {
    const open = new Set(models.calls.filter((each) => !each.complete && !each.disconnected).map(asked));
    most = Math.max(most, open.size);
    await new Promise((resolve) => setTimeout(resolve, 150));
    return { text: `to ${asked(call)}` };
  });
  await storeAgent(first.api, { name: 'orderly', memory: { conversational: {} }, model: { primary: models.block('m') } });
  const ids: string[] = [];
  for (let n = 0; n < TURNS; n += 1) {
    const { api } = nodes[n % nodes.length] as TestServer;
    ids.push(await askLater(api, 'orderly', `question ${n}`, { session_id: 's' }));
  }
  const over = async (): Promise<number> => (await stage.records.runs()).filter(({ status }) => status !== null).length;
  const progress = async (runs: number): Promise<void> => {
    const before = await over();
    await eventually(over, (now) => now >= Math.min(TURNS, before + runs), 60_000);
  };

  await progress(1);
  for (const node of [first, second, third]) {
    await node.kill('SIGKILL');
    await progress(1);
    await node.restart();
  }
  const cancelled = ids.at(-1) as string;
  await first.api.post(`/runs/${cancelled}/cancel`);
  await Promise.all(nodes.map((node) => node.kill('SIGKILL')));
  await Promise.all(nodes.map((node) => node.restart()));
  await stage.records.ended(90_000, ids);

  const statuses = (await stage.records.runs()).map(({ id, status }) => ({ id, status }));
  const succeeded = statuses.filter(({ status }) => status === 'success').length;
  expect(statuses.filter(({ id, status }) => status !== 'success' && id !== cancelled)).toEqual([]);
  expect(most).toBe(1);
  const { body } = await first.api.get<{ messages: { content: string }[] }>('/memory/orderly/sessions/s', { query: { limit: 500 } });
  const said = body.messages.map(({ content }) => content);
  expect(said).toHaveLength(2 * succeeded);
  for (let at = 0; at < said.length; at += 2) {
    const question = said[at] as string;
    expect(said[at + 1]).toBe(`to ${question}`);
    // Also what was asked again after a crash was asked with the same past.
    for (const call of models.calls.filter((each) => asked(each) === question)) {
      expect(shown(call).slice(0, -1)).toEqual(said.slice(0, at));
    }
  }
  expect(new Set(said.filter((_, index) => index % 2 === 0)).size).toBe(succeeded);
  expect(await stage.records.faults()).toEqual([]);
}, 240_000);

it('a conversation goes on when the node that holds it dies and its turn is cancelled', async () => {
  const [first, second] = nodes as [TestServer, TestServer];
  models.answer((call) => (asked(call) === 'stalls' ? { text: 'x', stallAfter: 0 } : { text: 'ok' }));
  await storeAgent(first.api, { name: 'held', memory: { conversational: {} }, model: { primary: models.block('m') } });
  const stalls = await askLater(first.api, 'held', 'stalls', { session_id: 's' });
  await eventually(
    () => Promise.resolve(models.calls.length),
    (calls) => calls > 0,
    30_000,
  );
  const waits = await askLater(second.api, 'held', 'waits', { session_id: 's' });
  await first.kill('SIGKILL');
  await second.api.post(`/runs/${stalls}/cancel`);
  const run = await eventually(
    async () => (await second.api.get<RunBody>(`/runs/${waits}`)).body,
    ({ status }) => status === 'success',
    60_000,
  );
  expect(run.status).toBe('success');
  await first.restart();
}, 120_000);
