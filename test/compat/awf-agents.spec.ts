import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { eventually } from '../support/runs.js';
import { entrancesOf } from './support/entrances.js';
import { DialectClient, type SseMessage } from './support/http.js';
import { deviation, row } from './support/rows.js';

interface Execution {
  readonly status: string;
  readonly current_step: string;
}
interface Prompt {
  readonly prompt_id: string;
  readonly prompt: string;
  readonly step_name: string;
}

/** What the default model answers, which needs neither network nor key. */
const offline = (text: string): string => `Answered offline, by rule and without a model: ${text}`;
const UNKNOWN = '550e8400-e29b-41d4-a716-446655440000';

let root: string;
let server: TestApp;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'heddle-awf-agents-door-'));
  await mkdir(join(root, 'workflows'), { recursive: true });
  const workflow = (name: string, steps: string): Promise<void> =>
    writeFile(
      join(root, 'workflows', `${name}.yaml`),
      `name: ${name}\nversion: 1.0.0\nstates:\n  initial: ask\n${steps}  done: { type: terminal }\n`,
    );
  await workflow('summary', '  ask: { type: agent, provider: claude, prompt: "Sum it up.", output_format: text, on_success: done }\n');
  await workflow(
    'clarify',
    '  ask: { type: agent, provider: claude, mode: conversation, prompt: "Explain channels.", on_success: tell }\n  tell: { type: step, command: "echo {{.states.ask.Conversation.TotalTurns}} {{.states.ask.TokensEstimated}}", on_success: done }\n',
  );
  await workflow(
    'desktop',
    '  ask: { type: operation, operation: notify.send, inputs: { backend: desktop, message: x, webhook_url: y }, on_success: done }\n',
  );
  await workflow('here', '  ask: { type: operation, operation: github.get_issue, inputs: { number: 7 }, on_success: done }\n');
  await workflow(
    'keyed',
    '  ask: { type: agent, provider: openai_compatible, prompt: x, options: { base_url: "http://localhost:11434/v1", model: llama3, api_key: sk-123 }, on_success: done }\n',
  );
  server = await startApp({
    env: { HEDDLE_WORKFLOWS_DIR: `awf=${root}`, HEDDLE_COMPAT_PORTS: 'awf=0', HEDDLE_ANONYMOUS_ROLE: 'operator' },
  });
});
afterAll(async () => {
  await server?.close();
  rmSync(root, { recursive: true, force: true });
});

describe.each(entrancesOf('awf'))('agents of AWF %s', (_where, urlOf) => {
  let awf: DialectClient;

  beforeAll(() => {
    awf = new DialectClient(urlOf(server), undefined);
  });

  const start = async (name: string): Promise<string> =>
    (await awf.post<{ body: { execution_id: string } }>(`/api/workflows/${name}/run`, { inputs: {} }, 202)).body.execution_id;
  const read = async (id: string): Promise<Execution> => (await awf.get<{ body: Execution }>(`/api/executions/${id}`)).body;
  const ended = (id: string): Promise<Execution> =>
    eventually(
      () => read(id),
      ({ status }) => status !== 'running' && status !== 'pending',
      30_000,
    );
  const respond = (id: string, PromptID: string, Value: unknown) =>
    awf.send('POST', `/api/executions/${id}/respond`, { response: { PromptID, Value } });
  /** Follows the events up to the prompt of that number. */
  const prompt = async (id: string, number: number): Promise<Prompt> => {
    const asked = (messages: readonly SseMessage[]): readonly SseMessage[] => messages.filter(({ event }) => event === 'input.required');
    const messages = await awf.events(`/api/executions/${id}/events`, (each) => asked(each).length >= number);
    return asked(messages)[number - 1]?.data as unknown as Prompt;
  };

  row('POST /api/executions/{id}/respond', 'a conversation goes on with each answer, until it is told to exit', async () => {
    const id = await start('clarify');
    const first = await prompt(id, 1);
    expect(first).toMatchObject({ step_name: 'ask', prompt: offline('Explain channels.') });
    expect(await read(id)).toMatchObject({ status: 'running', current_step: 'ask' });
    expect(await respond(id, first.prompt_id, 'Buffered ones.')).toMatchObject({ status: 204, body: null });
    const second = await prompt(id, 2);
    expect(second.prompt).toBe(offline('Buffered ones.'));
    expect(await respond(id, '', 'exit')).toMatchObject({ status: 204 });
    expect(await ended(id)).toMatchObject({ status: 'completed' });
    const completed = (await awf.events(`/api/executions/${id}/events`)).filter(({ event }) => event === 'step.completed');
    expect(completed.map(({ data }) => data)).toMatchObject([
      { step_name: 'ask', output: offline('Buffered ones.') },
      { step_name: 'tell', output: '4 false\n' },
      { step_name: 'done' },
    ]);
  });

  row(
    'POST /api/executions/{id}/respond',
    'the problems: 404, 409 when nothing or something else waits, 400 and 422 for the body',
    async () => {
      const id = await start('clarify');
      const { prompt_id: asked } = await prompt(id, 1);
      expect(await respond(UNKNOWN, asked, 'x')).toMatchObject({ status: 404, body: { detail: `execution not found: ${UNKNOWN}` } });
      expect(await respond(id, 'p2', 'x')).toMatchObject({ status: 409, body: { status: 409, title: 'Conflict' } });
      expect(await respond(id, asked, 7)).toMatchObject({
        status: 422,
        body: { detail: 'validation failed', errors: [{ location: 'body.response.Value' }] },
      });
      expect(await awf.send('POST', `/api/executions/${id}/respond`, {})).toMatchObject({ status: 400 });
      expect((await respond(id, asked, '')).status).toBe(204);
      await ended(id);
      expect((await respond(id, asked, 'x')).status).toBe(409);
      expect((await respond(await start('summary'), '', 'x')).status).toBe(409);
    },
  );

  row('GET /api/executions/{id}/events', 'with `?format=plain` messages without a name, as of version 0.11', async () => {
    const id = await start('clarify');
    await respond(id, (await prompt(id, 1)).prompt_id, 'Why?');
    await respond(id, (await prompt(id, 2)).prompt_id, 'quit');
    const messages = await awf.events(`/api/executions/${id}/events?format=plain`);
    expect(messages.every(({ event }) => event === undefined)).toBe(true);
    expect(messages.every(({ data }) => data['run_id'] === id)).toBe(true);
    const kinds = messages.map(({ data: { kind, step } }) => `${String(kind)} ${String(step ?? '')}`.trim());
    const [exchange, rest] = [
      kinds.filter((kind) => /^(?:message|input)/.test(kind)),
      kinds.filter((kind) => !/^(?:message|input)/.test(kind)),
    ];
    expect(exchange).toEqual([
      'message.assistant ask',
      'input.required ask',
      'message.user ask',
      'message.assistant ask',
      'input.required ask',
      'message.user ask',
    ]);
    expect(rest).toEqual([
      'run.started',
      'step.started ask',
      'step.completed ask',
      'step.started tell',
      'step.completed tell',
      'step.started done',
      'step.completed done',
      'workflow.completed',
    ]);
    expect(messages.find(({ data }) => data['kind'] === 'input.required')?.data).toMatchObject({ prompt: offline('Explain channels.') });
    expect(await awf.send('GET', `/api/executions/${id}/events?format=loud`)).toMatchObject({ status: 422 });
  });

  row('GET /api/workflows/{name}', 'agent steps are shown as such', async () => {
    const { body } = await awf.get<{ body: { states: object } }>('/api/workflows/clarify');
    expect(body.states).toMatchObject({ ask: { type: 'agent', mode: 'conversation', prompt: 'Explain channels.' } });
  });

  deviation(
    'POST /api/workflows/{name}/run',
    'agent steps run no command line: claude, codex and gemini are asked through the APIs of Anthropic, OpenAI and Google with `options.model`, all others and those without a model by the default model (`HEDDLE_DEFAULT_MODEL`)',
    'a server has none of them installed, and could not go on with one after a crash',
    async () => {
      const id = await start('summary');
      await ended(id);
      const messages = await awf.events(`/api/executions/${id}/events`);
      expect(messages.find(({ event }) => event === 'step.completed')?.data).toMatchObject({ output: offline('Sum it up.') });
    },
  );

  const errorsOf = async (name: string): Promise<string> =>
    (await awf.post<{ body: { errors: string[] } }>(`/api/workflows/${name}/validate`, undefined, 200)).body.errors.join();

  deviation(
    'POST /api/workflows/{name}/validate',
    'keys of models are named by their variable (`{{.env.NAME}}`), and OPENAI_API_KEY goes to OpenAI only unless it is named',
    'definitions are stored and shown, and a key must not leave for an address that was not meant for it',
    async () => expect(await errorsOf('keyed')).toContain('name the variable with the key'),
  );

  deviation('POST /api/workflows/{name}/validate', 'notify.send has no backend desktop', 'a server has no desktop', async () =>
    expect(await errorsOf('desktop')).toContain('a server has no desktop to notify; use the backend webhook'),
  );

  deviation(
    'POST /api/workflows/{name}/validate',
    "GitHub's operations need `repo`, and the secret GITHUB_TOKEN for all that is not public",
    'there is no checkout to find the repository in, and no `gh` to ask',
    async () => expect(await errorsOf('here')).toContain('github.get_issue needs repo'),
  );

  deviation(
    'POST /api/workflows/{name}/run',
    '`TokensEstimated` is always false',
    'it is not kept whether a provider told what an answer used',
    async () => {
      const id = await start('clarify');
      await respond(id, (await prompt(id, 1)).prompt_id, '');
      await ended(id);
      const messages = await awf.events(`/api/executions/${id}/events`);
      expect(messages.find(({ event, data }) => event === 'step.completed' && data['step_name'] === 'tell')?.data).toMatchObject({
        output: '2 false\n',
      });
    },
  );
});
