import { isJsonObject, type Json, type JsonObject } from '../../../engine/model/json.js';
import { StepError } from '../../../engine/model/step-error.js';
import type { NodeCall, StepNodeType } from '../../../engine/ports/node-type.js';
import { EgressClient, type EgressRequest, type EgressResponse, retryAfterMs } from '../../../platform/egress/index.js';
import { NodeTypeProvider } from '../node-type.decorator.js';
import { decodeBody, encodeBody, withQuery } from './http-message.js';
import { HTTP_REQUEST_CONFIG, HTTP_REQUEST_OUTPUT } from './http-request.schema.js';
import { NO_INPUTS } from './schemas.js';

const UNSAFE_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const RETRYABLE_CLIENT_ERRORS: ReadonlySet<number> = new Set([408, 425, 429]);
const EXCERPT_CHARS = 1000;

type Call = Pick<NodeCall, 'config' | 'signal' | 'idempotencyKey'>;

@NodeTypeProvider()
export class HttpRequestNode implements StepNodeType {
  readonly type = 'http.request';
  readonly category = 'http';
  readonly description =
    'Sends an HTTP request. Any status is a result unless `retry_statuses` or `fail_on_status` says otherwise. Private and metadata addresses are refused unless the operator allows them.';
  readonly pure = false;
  readonly configSchema = HTTP_REQUEST_CONFIG;
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = HTTP_REQUEST_OUTPUT;

  constructor(private readonly egress: EgressClient) {}

  async execute(call: Call): Promise<JsonObject> {
    const { config } = call;
    const answer = await this.egress.request(requestOf(call));
    refuseStatus(config, answer);
    return { status: answer.status, headers: { ...answer.headers }, body: bodyOf(answer, String(config['response'] ?? 'auto')) };
  }
}

function bodyOf(answer: EgressResponse, as: string): Json {
  return decodeBody(answer.body, headerOf(answer, 'content-type') ?? '', as);
}

function requestOf({ config, signal, idempotencyKey }: Call): EgressRequest {
  const method = String(config['method'] ?? 'GET');
  const encoded = encodeBody(config['body'], String(config['body_type'] ?? 'auto'));
  const headers = headersOf(config['headers']);
  if (encoded !== null) setDefault(headers, 'content-type', encoded.contentType);
  if (UNSAFE_METHODS.has(method) && config['idempotency_key'] !== false) setDefault(headers, 'idempotency-key', idempotencyKey);
  return {
    method,
    url: withQuery(String(config['url']), isJsonObject(config['query']) ? config['query'] : {}),
    headers,
    signal,
    ...(encoded === null ? {} : { body: encoded.body }),
    ...numberOption('timeoutMs', config['timeout_ms']),
    ...numberOption('maxResponseBytes', config['max_response_bytes']),
    followRedirects: config['follow_redirects'] !== false,
  };
}

function refuseStatus(config: JsonObject, answer: EgressResponse): void {
  const { status } = answer;
  const listed = Array.isArray(config['retry_statuses']) && config['retry_statuses'].includes(status);
  if (!listed && !(config['fail_on_status'] === true && status >= 400)) return;
  throw new StepError('http_status', `the server answered ${status}`, {
    retryable: listed || status >= 500 || RETRYABLE_CLIENT_ERRORS.has(status),
    retryAfterMs: retryAfterMs(answer.headers, Date.now()),
    details: { status, body: excerpt(bodyOf(answer, 'auto')) },
  });
}

function excerpt(body: Json): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return text.length > EXCERPT_CHARS ? `${text.slice(0, EXCERPT_CHARS)}…` : text;
}

function headersOf(config: Json | undefined): Record<string, string> {
  const entries = isJsonObject(config) ? Object.entries(config) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function setDefault(headers: Record<string, string>, name: string, value: string): void {
  if (!Object.keys(headers).some((each) => each.toLowerCase() === name)) headers[name] = value;
}

function headerOf(answer: EgressResponse, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : undefined;
}

function numberOption<K extends string>(name: K, value: Json | undefined): { [key in K]?: number } {
  return typeof value === 'number' ? ({ [name]: value } as { [key in K]: number }) : {};
}
