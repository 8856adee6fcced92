import { isJsonObject, type Json, type JsonObject } from '../../model/json.js';
import { variableNamed } from './agent-model.js';
import { durationMs } from './duration.js';
import type { AwfTexts } from './texts.js';

const NOTIFY_TIMEOUT_MS = 10_000;
const PRIORITIES = ['low', 'default', 'high'];
/** What operations of GitHub need. */
const GITHUB: Readonly<Record<string, readonly string[]>> = {
  'github.get_issue': ['repo', 'number'],
  'github.get_pr': ['repo', 'number'],
  'github.create_issue': ['repo', 'title'],
  'github.create_pr': ['repo', 'title', 'head', 'base'],
  'github.add_labels': ['repo', 'number', 'labels'],
  'github.add_comment': ['repo', 'number', 'body'],
  'github.list_comments': ['repo', 'number'],
  'github.batch': ['operations'],
};
const OPERATIONS = ['http.request', 'notify.send', ...Object.keys(GITHUB)];

/** An operation as a node. */
export function translateOperation(step: JsonObject, path: string, texts: AwfTexts): JsonObject {
  const operation = String(step['operation']);
  const key = step['inputs'] === undefined ? 'operation_inputs' : 'inputs';
  const written = isJsonObject(step[key]) ? step[key] : {};
  const at = `${path}/${key}`;
  if (operation === 'http.request') return httpRequest(texts.deep(written, at) as JsonObject, at, texts);
  if (operation === 'notify.send') return notification(written, at, texts);
  if (GITHUB[operation] !== undefined) return github(operation, written, at, texts);
  texts.error(`${path}/operation`, 'unknown_operation', `there is no operation ${operation}; known are ${OPERATIONS.join(', ')}`);
  return { type: 'terminal' };
}

function httpRequest({ timeout, retryable_status_codes: codes, ...request }: JsonObject, at: string, texts: AwfTexts): JsonObject {
  const limit: JsonObject = timeout === undefined ? {} : { timeout_ms: texts.at(`${at}/timeout`, 30_000, () => durationMs(timeout)) };
  const retried: JsonObject = codes === undefined ? {} : { retry_statuses: codes };
  return { type: 'step', node: 'http.request', config: { ...request, ...limit, ...retried } };
}

function notification(inputs: JsonObject, at: string, texts: AwfTexts): JsonObject {
  const { backend, message, title = 'AWF Workflow', priority = 'default', webhook_url: url } = inputs;
  if (backend === 'desktop') texts.error(`${at}/backend`, 'unsupported', 'a server has no desktop to notify; use the backend webhook');
  else if (backend !== 'webhook')
    texts.error(`${at}/backend`, 'unknown_backend', `there is no backend ${JSON.stringify(backend ?? null)}; known is webhook`);
  for (const [name, value] of Object.entries({ message, webhook_url: url })) {
    if (typeof value !== 'string' || value.trim() === '') texts.error(`${at}/${name}`, 'required', `notify.send needs ${name}`);
  }
  if (typeof priority === 'string' && !priority.includes('{{') && !PRIORITIES.includes(priority)) {
    texts.error(`${at}/priority`, 'unknown_priority', `invalid priority "${priority}" (must be: ${PRIORITIES.join(', ')})`);
  }
  const body = texts.deep({ title, message: message ?? '', priority }, at);
  return {
    type: 'step',
    node: 'http.request',
    config: {
      method: 'POST',
      url: texts.template(url ?? '', `${at}/webhook_url`),
      body,
      fail_on_status: true,
      timeout_ms: NOTIFY_TIMEOUT_MS,
    },
  };
}

function github(operation: string, inputs: JsonObject, at: string, texts: AwfTexts): JsonObject {
  const { token, ...rest } = inputs;
  for (const name of GITHUB[operation] ?? []) {
    if (rest[name] === undefined || rest[name] === '') texts.error(`${at}/${name}`, 'required', `${operation} needs ${name}`);
  }
  const config = {
    operation: operation.slice('github.'.length),
    ...(texts.deep(rest, at) as JsonObject),
    token: tokenOf(token, at, texts),
  };
  return { type: 'step', node: 'github.call', config };
}

/** Tokens are secrets of the server: none stands in a definition, and none is recorded. */
function tokenOf(written: Json | undefined, at: string, texts: AwfTexts): string {
  if (written === undefined) return '{{ secrets.?GITHUB_TOKEN.orValue("") }}';
  const variable = variableNamed(written);
  if (variable !== null) return `{{ secrets.${variable.replace(/^HEDDLE_SECRET_/, '')} }}`;
  texts.error(
    `${at}/token`,
    'key_in_definition',
    'name the secret with the token: {{.env.NAME}}, which is HEDDLE_SECRET_NAME of the server',
  );
  return '';
}
