import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/index.js';
import { ModelServer } from '../support/model-server.js';
import { type EventBody, eventually, type RunBody } from '../support/runs.js';

let directory: string;
let models: ModelServer;
let server: TestServer;

beforeAll(async () => {
  models = await ModelServer.start();
  directory = mkdtempSync(join(tmpdir(), 'heddle-chat-'));
  writeFileSync(
    join(directory, 'chat.yaml'),
    `name: chat
states:
  initial: talk
  talk:
    type: agent
    provider: openai_compatible
    mode: conversation
    prompt: How long is the river?
    options: { base_url: "${models.url}", model: m }
    on_success: done
  done: { type: terminal }
`,
  );
  const env = { HEDDLE_WORKFLOWS_DIR: directory, HEDDLE_LEASE_MS: '1000', HEDDLE_PARK_AFTER_MS: '20', HEDDLE_EGRESS_ALLOW: '127.0.0.1' };
  server = await startServer({ env });
});
afterAll(async () => {
  await server?.dispose();
  models.stop();
  rmSync(directory, { recursive: true, force: true });
});

it('a conversation that waits is killed with its server, waits on, and pays for no answer twice', async () => {
  models.reply({ text: 'Which river?' }, { text: '346 km.' });
  const { body: run } = await server.api.post<RunBody>('/workflows/chat/runs', {});
  const prompts = async (): Promise<EventBody[]> =>
    (await server.api.get<{ data: EventBody[] }>(`/runs/${run.id}/events`, { query: { types: 'input.required' } })).body.data;
  const status = async (): Promise<string> => (await server.api.get<RunBody>(`/runs/${run.id}`)).body.status;
  await eventually(status, (each) => each === 'waiting', 30_000);
  const [first] = await prompts();

  await server.restart();
  expect(await prompts()).toEqual([first]);
  await server.api.post(`/runs/${run.id}/signals/${String(first?.data['signal'])}`, 'The Thames');
  const [, second] = await eventually(prompts, (each) => each.length === 2, 30_000);
  expect(second?.data['message']).toBe('346 km.');

  await server.restart();
  await server.api.post(`/runs/${run.id}/signals/${String(second?.data['signal'])}`, 'exit');
  await eventually(status, (each) => each === 'success', 30_000);
  expect((await server.api.get<RunBody>(`/runs/${run.id}`)).body.outputs).toEqual({ talk: '346 km.' });
  expect(models.calls).toHaveLength(2);
});
