import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../support/index.js';
import { ModelServer } from '../support/model-server.js';
import { eventually, runToEnd, type RunBody } from '../support/runs.js';
import { json, WebStub } from '../support/web-stub.js';

type Failed = RunBody & { readonly error: { readonly code: string; readonly message: string; readonly details?: unknown } | null };

let app: TestApp;
let directory: string;
let models: ModelServer;
let web: WebStub;

/** An agent step that asks the scripted server. */
const ask = (prompt: string, more = ''): string =>
  `{ type: agent, provider: openai_compatible, prompt: ${JSON.stringify(prompt)}, options: { base_url: "${models.url}", model: m, temperature: 0.5, max_completion_tokens: 40, api_key: "{{.env.TEST_API_KEY}}" }${more === '' ? '' : `, ${more}`} }`;
const end = 'done: { type: terminal }';
const put = (name: string, steps: string, top = ''): Promise<void> =>
  writeFile(
    join(directory, 'workflows', `${name}.yaml`),
    `name: ${name}\n${top}states:\n  ${[...steps.trim().split('\n'), end].join('\n  ')}\n`,
  );
const run = (name: string, inputs: object = {}): Promise<Failed> => runToEnd(app.api, name, { inputs });
const said = (call: number): unknown => models.calls[call]?.body.messages;

beforeAll(async () => {
  models = await ModelServer.start();
  web = await WebStub.start({
    '/hook': json({ received: true }),
    '/broken': json({}, 500),
    '/repos/o/r/issues': json({ number: 12, html_url: 'https://github.com/o/r/issues/12' }, 201),
  });
  directory = mkdtempSync(join(tmpdir(), 'heddle-awf-agents-'));
  for (const folder of ['workflows', 'agents/pirate', 'prompts']) await mkdir(join(directory, folder), { recursive: true });
  await writeFile(join(directory, 'agents/pirate/AGENTS.md'), '---\nname: pirate\n---\nTalk like a {{ pirate }}.\n');
  await writeFile(join(directory, 'prompts/greet.md'), 'Greet {{.inputs.who}}.\n');
  const inputs = 'inputs:\n  - { name: who, default: Ada }\n  - { name: by, default: openai_compatible }\n';
  await put(
    'plain',
    `initial: ask\nask: ${ask('Hello {{.inputs.who}}', 'system_prompt: "Be brief, {{.inputs.who}}.", on_success: tell')}
tell: { type: step, command: "echo '{{.states.ask.Output}} {{.states.ask.TokensUsed}}/{{.states.ask.TokensInput}}/{{.states.ask.TokensOutput}} {{.states.ask.Status}} {{.states.ask.ExitCode}}'", on_success: done }`,
    inputs,
  );
  await put(
    'json',
    `initial: ask\nask: ${ask('As JSON', 'output_format: json, on_success: tell, on_failure: sorry')}
tell: { type: step, command: "echo {{.states.ask.JSON.severity}} {{.states.ask.Response.severity}}", on_success: done }
sorry: { type: terminal, status: failure, message: "{{.error.Message}}" }`,
  );
  await put(
    'guess',
    `initial: ask\nask: ${ask('Guess', 'transitions: [{ when: "states.ask.Response.sure == true", goto: sure }], on_success: unsure')}
sure: { type: step, command: echo sure, on_success: done }
unsure: { type: step, command: echo unsure, on_success: done }`,
  );
  await put(
    'text',
    `initial: ask\nask: ${ask('Code', 'output_format: text, role: pirate, prompt_file: ../prompts/greet.md').replace('prompt: "Code", ', '')}`.replace(
      'role: pirate',
      'role: pirate, on_success: done',
    ),
    inputs,
  );
  await put(
    'talk',
    `initial: seed\nseed: ${ask('The word is BANANA.', 'system_prompt: Remember., conversation: {}, on_success: recall')}
recall: ${ask('Which word?', 'conversation: { continue_from: seed }, on_success: done')}`,
  );
  await put(
    'many',
    `initial: both\nboth: { type: parallel, parallel: [left, right], on_success: each }
left: ${ask('left')}
right: ${ask('right')}
each: { type: for_each, items: "x,y", body: [one], on_complete: done }
one: ${ask('{{.loop.Item}} after {{.states.left.Output}}', 'on_success: each')}`,
  );
  await put(
    'patient',
    `initial: ask\nask: ${ask('Hm', 'timeout: 1, retry: { max_attempts: 2, initial_delay: 10ms }, continue_on_error: true, on_success: tell').replace('model: m', 'model: slow')}
tell: { type: step, command: "echo '{{.states.ask.Status}} [{{.states.ask.Output}}]'", on_success: done }`,
  );
  await put('offline', 'initial: ask\nask: { type: agent, provider: claude, prompt: "What is 2 + 2?", on_success: done }');
  await put(
    'chosen',
    `initial: ask\nask: ${ask('Hi', 'on_success: done').replace('provider: openai_compatible', 'provider: "{{.inputs.by}}"')}`,
    inputs,
  );
  await put(
    'notify',
    `initial: send\nsend: { type: operation, operation: notify.send, inputs: { backend: webhook, message: "Hello {{.inputs.who}}", webhook_url: "${web.url}/{{.inputs.by}}" }, on_success: tell }
tell: { type: step, command: "echo {{.states.send.Response.backend}} {{.states.send.Response.status}} {{.states.send.Response.response.received}}", on_success: done }`,
    inputs,
  );
  await put(
    'issue',
    `initial: make\nmake: { type: operation, operation: github.create_issue, inputs: { repo: o/r, title: "For {{.inputs.who}}", base_url: "${web.url}" }, on_success: tell }
tell: { type: step, command: "echo {{.states.make.Response.number}} {{.states.make.Response.url}}", on_success: done }`,
    inputs,
  );
  await put(
    'desktop',
    'initial: send\nsend: { type: operation, operation: notify.send, inputs: { backend: desktop, message: x }, on_success: done }',
  );
  await put(
    'faulty',
    'initial: ask\nask: { type: agent, provider: openai_compatible, prompt: x, options: { base_url: "no url", model: m, temperature: 7 }, on_success: done }',
  );
  app = await startApp({
    env: {
      HEDDLE_WORKFLOWS_DIR: `awf=${directory}`,
      HEDDLE_EGRESS_ALLOW: '127.0.0.1',
      TEST_API_KEY: 'key-of-the-test',
      HEDDLE_SECRET_GITHUB_TOKEN: 'token-of-the-test',
    },
  });
});
afterAll(async () => {
  await app?.close();
  models.stop();
  web.stop();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => models.reply({ text: 'unexpected' }));

describe('agent steps of AWF', () => {
  it('ask an OpenAI-compatible server, with the options that are written', async () => {
    models.reply({ text: 'Good morning!' });
    expect(await run('plain', { who: 'Grace' })).toMatchObject({
      status: 'success',
      outputs: { ask: 'Good morning!', tell: 'Good morning! 15/10/5 completed 0\n' },
    });
    expect(said(0)).toEqual([
      { role: 'system', content: 'Be brief, Grace.' },
      { role: 'user', content: 'Hello Grace' },
    ]);
    expect(models.calls[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer key-of-the-test' },
      body: { model: 'm', temperature: 0.5, max_tokens: 40 },
    });
  });

  it('read answers as JSON, and fail where there is none', async () => {
    models.reply({ text: 'So:\n```json\n{"severity": "high"}\n```' });
    expect((await run('json')).outputs).toMatchObject({ ask: '{"severity": "high"}', tell: 'high high\n' });
    models.reply({ text: 'no JSON today' });
    expect(await run('json')).toMatchObject({ status: 'failed', error: { message: 'the answer is no JSON: no JSON today' } });
  });

  it('have a response that conditions can look into when it happens to be JSON', async () => {
    models.reply({ text: '{"sure": true}' });
    expect((await run('guess')).outputs).toMatchObject({ sure: 'sure\n', unsure: null });
    models.reply({ text: 'who knows' });
    expect((await run('guess')).outputs).toMatchObject({ ask: 'who knows', sure: null, unsure: 'unsure\n' });
  });

  it('bring prompts and roles from files', async () => {
    models.reply({ text: '```\nAhoy\n```' });
    expect((await run('text')).outputs).toEqual({ ask: 'Ahoy' });
    expect(said(0)).toEqual([
      { role: 'system', content: 'Talk like a {{ pirate }}.' },
      { role: 'user', content: 'Greet Ada.\n' },
    ]);
  });

  it('go on with the conversation of an earlier step', async () => {
    models.reply({ text: 'stored' }, { text: 'BANANA' });
    expect((await run('talk')).outputs).toEqual({ seed: 'stored', recall: 'BANANA' });
    expect(said(1)).toEqual([
      { role: 'system', content: 'Remember.' },
      { role: 'user', content: 'The word is BANANA.' },
      { role: 'assistant', content: 'stored' },
      { role: 'user', content: 'Which word?' },
    ]);
  });

  it('go on with that conversation in a run that is resumed from there', async () => {
    models.reply({ text: 'stored' }, { text: 'BANANA' }, { text: 'BANANA again' });
    const { id } = await run('talk');
    const { status, body } = await app.api.post<RunBody>(`/runs/${id}/resume`, { from_step: 'recall' });
    expect(status).toBe(202);
    const resumed = await eventually(
      async () => (await app.api.get<RunBody>(`/runs/${body.id}`)).body,
      (each) => each.status === 'success',
    );
    expect(resumed.outputs).toEqual({ seed: 'stored', recall: 'BANANA again' });
    expect(said(2)).toEqual(said(1));
  });

  it('stand in parallels and loops', async () => {
    models.answer(({ body }) => ({ text: `<${String(body.messages.at(-1)?.content)}>` }));
    expect((await run('many')).outputs).toMatchObject({ left: '<left>', right: '<right>', one: '<y after <left>>' });
    expect(models.calls).toHaveLength(4);
  });

  it('are tried again, given up at their limit, and tolerated', async () => {
    models.reply({ stallAfter: 0 });
    expect((await run('patient')).outputs).toMatchObject({ ask: '', tell: 'failed []\n' });
    expect(models.calls).toHaveLength(2);
  });

  it('ask the default model where their provider says no more', async () => {
    expect((await run('offline')).outputs).toEqual({ ask: 'Answered offline, by rule and without a model: What is 2 + 2?' });
  });

  it('may have a provider that the inputs choose', async () => {
    models.reply({ text: 'Hi' });
    expect((await run('chosen')).outputs).toEqual({ ask: 'Hi' });
    expect(await run('chosen', { by: 'clippy' })).toMatchObject({ status: 'failed' });
  });
});

describe('operations of AWF', () => {
  it('notify.send posts to a webhook, and fails when that does', async () => {
    expect((await run('notify', { by: 'hook' })).outputs).toMatchObject({ tell: 'webhook 200 true\n' });
    expect(JSON.parse(web.at('/hook')[0]?.body ?? '')).toEqual({ title: 'AWF Workflow', message: 'Hello Ada', priority: 'default' });
    expect(await run('notify', { by: 'broken' })).toMatchObject({ status: 'failed', error: { code: 'http_status' } });
  });

  it('those of GitHub have the token that the server keeps, which is in no journal', async () => {
    const made = await run('issue');
    expect(made.outputs).toMatchObject({ tell: '12 https://github.com/o/r/issues/12\n' });
    expect(web.at('/repos/o/r/issues')).toMatchObject([
      { method: 'POST', headers: { authorization: 'Bearer token-of-the-test' }, body: '{"title":"For Ada"}' },
    ]);
    const { body } = await app.api.get(`/runs/${made.id}/events`, { query: { limit: 500 } });
    expect(JSON.stringify(body)).not.toContain('token-of-the-test');
  });
});

it('faults are told where the author wrote what they are about', async () => {
  const { body } = await app.api.get<{ data: { errors: { path: string; errors: { path: string; code: string }[] }[] }[] }>(
    '/workflows/sources',
  );
  const faults = body.data.flatMap(({ errors }) =>
    errors.flatMap(({ path: file, errors: each }) => each.map(({ path, code }) => `${file} ${path} ${code}`)),
  );
  expect(faults.toSorted()).toEqual([
    'workflows/desktop.yaml /states/send/inputs/backend unsupported',
    'workflows/desktop.yaml /states/send/inputs/webhook_url required',
    'workflows/faulty.yaml /states/ask/options format',
    'workflows/faulty.yaml /states/ask/options range',
  ]);
});
