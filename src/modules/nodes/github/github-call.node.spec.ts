import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../engine/model/json.js';
import type { DurableCall, NodeCall } from '../../../engine/ports/node-type.js';
import { EgressClient, EgressPolicy } from '../../../platform/egress/index.js';
import { SchemaValidator } from '../schema-validator.js';
import { GithubCallNode } from './github-call.node.js';
import { GithubClient } from './github-client.js';

const ISSUE = {
  number: 7,
  title: 'It leaks',
  body: null,
  state: 'open',
  labels: [{ id: 1, name: 'bug' }],
  html_url: 'https://github.com/o/r/issues/7',
};
const PULL = { ...ISSUE, head: { ref: 'fix' }, base: { ref: 'main' }, mergeable: true, merged_at: null };
const COMMENT = {
  id: 5,
  user: { login: 'ada' },
  body: 'yes',
  created_at: '2026-01-01T00:00:00Z',
  html_url: 'https://github.com/o/r/issues/7#5',
};

interface Answer {
  readonly status?: number;
  readonly body?: Json;
  readonly hangUp?: true;
}

describe('github.call', () => {
  const egress = new EgressClient(new EgressPolicy(['127.0.0.1']));
  const node = new GithubCallNode(new GithubClient(egress));
  const checkConfig = new SchemaValidator().compile(node.configSchema);
  const answers = new Map<string, Answer>();
  const seen: { request: string; authorization: string | undefined; body: Json }[] = [];
  let server: Server;
  let base: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        const asked = `${request.method} ${request.url}`;
        seen.push({ request: asked, authorization: request.headers.authorization, body: body === '' ? null : (JSON.parse(body) as Json) });
        const answer: Answer = answers.get(asked) ?? { status: 404, body: { message: 'Not Found' } };
        if (answer.hangUp === true) return void request.socket.destroy();
        response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body ?? {}));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  beforeEach(() => {
    answers.clear();
    seen.length = 0;
  });
  afterAll(async () => {
    await egress.close();
    server.close();
  });

  /** The journal of a run: what is recorded there is not done again. */
  const run = (config: JsonObject, journal = new Map<string, Json>()): Promise<JsonObject> => {
    const full = { base_url: base, token: 't', ...config };
    expect(checkConfig(full)).toEqual([]);
    const step: DurableCall['step'] = async (key, _, work) => {
      if (!journal.has(key)) journal.set(key, await work({ signal: new AbortController().signal } as NodeCall));
      return journal.get(key) as Json;
    };
    return node.execute({ config: full, step });
  };

  it.each<[string, JsonObject, string, Json, Json, JsonObject]>([
    [
      'get_issue',
      { number: '7' },
      'GET /repos/o/r/issues/7',
      ISSUE,
      null,
      { number: 7, title: 'It leaks', body: '', state: 'OPEN', labels: [{ name: 'bug' }] },
    ],
    ['get_issue', { number: 7, fields: 'title,state' }, 'GET /repos/o/r/issues/7', ISSUE, null, { title: 'It leaks', state: 'OPEN' }],
    [
      'get_pr',
      { number: 7 },
      'GET /repos/o/r/pulls/7',
      PULL,
      null,
      { headRefName: 'fix', baseRefName: 'main', mergeable: 'MERGEABLE', mergedAt: null },
    ],
    [
      'get_pr',
      { number: 7 },
      'GET /repos/o/r/pulls/7',
      { ...PULL, merged_at: '2026-01-01' },
      null,
      { state: 'MERGED', mergedAt: '2026-01-01' },
    ],
    [
      'create_issue',
      { title: 'T', labels: 'a, b' },
      'POST /repos/o/r/issues',
      ISSUE,
      { title: 'T', labels: ['a', 'b'] },
      { number: 7, url: ISSUE.html_url },
    ],
    [
      'create_pr',
      { title: 'T', head: 'fix', base: 'main', draft: 'true' },
      'POST /repos/o/r/pulls',
      PULL,
      { title: 'T', head: 'fix', base: 'main', draft: true },
      { number: 7, already_exists: false },
    ],
    ['add_labels', { number: 7, labels: ['x', 'y'] }, 'POST /repos/o/r/issues/7/labels', [], { labels: ['x', 'y'] }, { labels: 'x,y' }],
    [
      'add_comment',
      { number: 7, body: 'yes' },
      'POST /repos/o/r/issues/7/comments',
      COMMENT,
      { body: 'yes' },
      { comment_id: 5, url: COMMENT.html_url },
    ],
    [
      'list_comments',
      { number: 7, limit: 1 },
      'GET /repos/o/r/issues/7/comments?per_page=100&page=1',
      [COMMENT, COMMENT],
      null,
      { total: 1, comments: [{ id: 5, author: { login: 'ada' }, body: 'yes' }] },
    ],
  ])('%s %j', async (operation, inputs, request, answer, body, output) => {
    answers.set(request, { body: answer });
    expect(await run({ operation, repo: 'o/r', ...inputs })).toMatchObject(output);
    expect(seen).toEqual([{ request, authorization: 'Bearer t', body }]);
  });

  it('finds the pull request that is there already', async () => {
    answers.set('POST /repos/o/r/pulls', { status: 422, body: { message: 'Validation Failed' } });
    answers.set('GET /repos/o/r/pulls?state=open&head=o%3Afix&base=main', { body: [PULL] });
    const output = await run({ operation: 'create_pr', repo: 'o/r', title: 'T', head: 'fix', base: 'main' });
    expect(output).toEqual({ number: 7, url: PULL.html_url, already_exists: true });
  });

  it('says what GitHub says', async () => {
    const refused = { code: 'http_status', message: 'GitHub answered 404 to GET /repos/o/r/issues/8: Not Found', retryable: false };
    await expect(run({ operation: 'get_issue', repo: 'o/r', number: 8 })).rejects.toMatchObject(refused);
    answers.set('GET /repos/o/r/issues/9', { status: 502 });
    await expect(run({ operation: 'get_issue', repo: 'o/r', number: 9 })).rejects.toMatchObject({ retryable: true });
    answers.set('POST /repos/o/r/issues', { status: 502 });
    await expect(run({ operation: 'create_issue', repo: 'o/r', title: 'T' })).rejects.toMatchObject({ retryable: false });
  });

  it('makes nothing twice: a call that was under way when the process died, or whose answer was lost, is not repeated', async () => {
    answers.set('POST /repos/o/r/issues', { hangUp: true });
    const unknown = { code: 'outcome_unknown', retryable: false };
    await expect(run({ operation: 'create_issue', repo: 'o/r', title: 'T' })).rejects.toMatchObject(unknown);
    await expect(run({ operation: 'create_issue', repo: 'o/r', title: 'T' }, new Map([['begin', null]]))).rejects.toMatchObject(unknown);
    expect(seen).toHaveLength(1);
  });

  it('does several things side by side', async () => {
    answers.set('GET /repos/o/r/issues/7', { body: ISSUE });
    const operations = [7, 8, 7].map((number) => ({ name: 'github.get_issue', inputs: { repo: 'o/r', number } }));
    expect(await run({ operation: 'batch', operations })).toMatchObject({
      total: 3,
      succeeded: 2,
      failed: 1,
      results: [{ success: true }, { success: false }, { success: true }],
    });
    expect(await run({ operation: 'batch', operations, strategy: 'any_succeed', concurrency: 1 })).toMatchObject({
      succeeded: 1,
      failed: 0,
    });
    const all = run({ operation: 'batch', operations, strategy: 'all_succeed', concurrency: '1' });
    await expect(all).rejects.toMatchObject({ code: 'batch_failed', details: { succeeded: 1, failed: 1 } });
  });

  it.each<[JsonObject, string]>([
    [{ operation: 'get_issue', repo: 'o/r' }, '/number'],
    [{ operation: 'create_pr', repo: 'o/r', title: 'T', head: 'h' }, '/base'],
    [{ operation: 'batch' }, '/operations'],
    [{ operation: 'delete_repo' }, '/operation'],
  ])('refuses %j', (config, path) => {
    expect(checkConfig(config).map((fault) => fault.path)).toContain(path);
  });

  it('refuses what turns out to be no issue of a repository', async () => {
    await expect(run({ operation: 'get_issue', repo: '../r', number: 1 })).rejects.toMatchObject({ code: 'invalid_config' });
    await expect(run({ operation: 'get_issue', repo: 'o/r', number: '1/../2' })).rejects.toMatchObject({ code: 'invalid_config' });
  });
});
