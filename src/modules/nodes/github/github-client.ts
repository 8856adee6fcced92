import { Injectable } from '@nestjs/common';
import { isJsonObject, type Json, type JsonObject } from '../../../engine/model/json.js';
import { StepError } from '../../../engine/model/step-error.js';
import { EgressClient, type EgressResponse, retryAfterMs } from '../../../platform/egress/index.js';
import { decodeBody } from '../builtin/http-message.js';
import type { GithubOperation, GithubRequest } from './github-operations.js';

export const GITHUB_URL = 'https://api.github.com';
const API_VERSION = '2022-11-28';
const PAGE_SIZE = 100;
const MOST_LISTED = 1_000;
const UNPROCESSABLE = 422;

/** Which GitHub is asked, and as whom. */
export interface GithubAccess {
  readonly baseUrl: string;
  readonly token: string;
}

/** GitHub's REST API, through the guarded client. */
@Injectable()
export class GithubClient {
  constructor(private readonly egress: EgressClient) {}

  /** Carries an operation out. Throws `StepError`: `http_status` with GitHub's reason, or what the guarded client throws. */
  async perform(access: GithubAccess, operation: GithubOperation, inputs: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    if (operation.paged === true) return operation.output(await this.pages(access, operation, inputs, signal), inputs);
    const request = operation.request(inputs);
    const answer = await this.send(access, request, signal);
    const found = answer.status === UNPROCESSABLE ? await this.alreadyThere(access, operation, inputs, signal) : null;
    return operation.output(found ?? accepted(answer, request, operation.repeatable), inputs);
  }

  private async alreadyThere(
    access: GithubAccess,
    operation: GithubOperation,
    inputs: JsonObject,
    signal: AbortSignal,
  ): Promise<Json | null> {
    const request = operation.existing?.(inputs);
    if (request === undefined) return null;
    const found = accepted(await this.send(access, request, signal), request, true);
    return Array.isArray(found) && found.length > 0 ? found : null;
  }

  private async pages(access: GithubAccess, operation: GithubOperation, inputs: JsonObject, signal: AbortSignal): Promise<Json[]> {
    const limit = Math.min(Number(inputs['limit'] ?? MOST_LISTED) || MOST_LISTED, MOST_LISTED);
    const all: Json[] = [];
    for (let page = 1; all.length < limit; page += 1) {
      const first = operation.request(inputs);
      const request = { ...first, path: `${first.path}?per_page=${PAGE_SIZE}&page=${page}` };
      const found = accepted(await this.send(access, request, signal), request, true);
      if (!Array.isArray(found)) break;
      all.push(...found);
      if (found.length < PAGE_SIZE) break;
    }
    return all.slice(0, limit);
  }

  private send({ baseUrl, token }: GithubAccess, { method, path, body }: GithubRequest, signal: AbortSignal): Promise<EgressResponse> {
    return this.egress.request({
      method,
      url: `${baseUrl.replace(/\/+$/, '')}${path}`,
      headers: {
        accept: 'application/vnd.github+json',
        'x-github-api-version': API_VERSION,
        'user-agent': 'heddle',
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
      followRedirects: method === 'GET',
    });
  }
}

/** The answer's body. What was refused before it was done may be tried again; what may have been done only if that changes nothing. */
function accepted(answer: EgressResponse, { method, path }: GithubRequest, repeatable: boolean): Json {
  const { status, headers } = answer;
  const body = decodeBody(answer.body, String(headers['content-type'] ?? ''), 'auto');
  if (status < 300) return body;
  const retryAfter = retryAfterMs(headers, Date.now());
  const reason = isJsonObject(body) && typeof body['message'] === 'string' ? `: ${body['message']}` : '';
  throw new StepError('http_status', `GitHub answered ${status} to ${method} ${path.split('?', 1)[0] ?? ''}${reason}`, {
    retryable: status === 429 || (status === 403 && retryAfter !== undefined) || (status >= 500 && repeatable),
    retryAfterMs: retryAfter,
    details: { status, body },
  });
}
