import { isJsonObject, type Json, type JsonObject } from '../../../engine/model/json.js';

/** One request to GitHub's REST API; the path is below the API's address. */
export interface GithubRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: JsonObject;
}

export interface GithubOperation {
  readonly description: string;
  readonly required: readonly string[];
  /** Whether doing it again changes nothing more: it only reads, or GitHub itself refuses or ignores the repetition. */
  readonly repeatable: boolean;
  /** The answer is a list in pages; `output` is given all of it. */
  readonly paged?: true;
  request(inputs: JsonObject): GithubRequest;
  output(answer: Json, inputs: JsonObject): JsonObject;
  /** Where what is there already is found, when GitHub refuses to make it again. */
  existing?(inputs: JsonObject): GithubRequest;
}

const issue = (inputs: JsonObject): string => `${repository(inputs)}/issues/${number(inputs)}`;

/** What can be done on GitHub, by name. Inputs fit {@link GITHUB_INPUTS}; numbers and lists may be written as texts. */
export const GITHUB_OPERATIONS = {
  get_issue: {
    description: 'number, title, body, state and labels of an issue',
    required: ['repo', 'number'],
    repeatable: true,
    request: (inputs) => ({ method: 'GET', path: issue(inputs) }),
    output: (answer, inputs) => only(inputs, issueOf(answer)),
  },
  get_pr: {
    description: 'the same of a pull request, with its branches and whether it is merged or can be',
    required: ['repo', 'number'],
    repeatable: true,
    request: (inputs) => ({ method: 'GET', path: `${repository(inputs)}/pulls/${number(inputs)}` }),
    output: (answer, inputs) => only(inputs, pullOf(answer)),
  },
  create_issue: {
    description: 'makes an issue',
    required: ['repo', 'title'],
    repeatable: false,
    request: (inputs) => ({
      method: 'POST',
      path: `${repository(inputs)}/issues`,
      body: { ...texts(inputs, 'title', 'body'), ...lists(inputs, 'labels', 'assignees') },
    }),
    output: (answer) => madeOf(answer),
  },
  create_pr: {
    description: 'makes a pull request, or finds the open one of the same branch',
    required: ['repo', 'title', 'head', 'base'],
    repeatable: true,
    request: (inputs) => ({
      method: 'POST',
      path: `${repository(inputs)}/pulls`,
      body: { ...texts(inputs, 'title', 'body', 'head', 'base'), ...(isTrue(inputs['draft']) ? { draft: true } : {}) },
    }),
    output: (answer) =>
      Array.isArray(answer) ? { ...madeOf(answer[0]), already_exists: true } : { ...madeOf(answer), already_exists: false },
    existing: (inputs) => {
      const [owner = ''] = text(inputs['repo']).split('/');
      const head = text(inputs['head']);
      const query = new URLSearchParams({
        state: 'open',
        head: head.includes(':') ? head : `${owner}:${head}`,
        base: text(inputs['base']),
      });
      return { method: 'GET', path: `${repository(inputs)}/pulls?${query.toString()}` };
    },
  },
  add_labels: {
    description: 'adds labels to an issue or a pull request',
    required: ['repo', 'number', 'labels'],
    repeatable: true,
    request: (inputs) => ({ method: 'POST', path: `${issue(inputs)}/labels`, body: lists(inputs, 'labels') }),
    output: (_, inputs) => ({ labels: listOf(inputs['labels']).join(',') }),
  },
  add_comment: {
    description: 'adds a comment to an issue or a pull request',
    required: ['repo', 'number', 'body'],
    repeatable: false,
    request: (inputs) => ({ method: 'POST', path: `${issue(inputs)}/comments`, body: texts(inputs, 'body') }),
    output: (answer) => ({ comment_id: member(answer, 'id'), url: member(answer, 'html_url') }),
  },
  list_comments: {
    description: 'comments of an issue or a pull request, oldest first',
    required: ['repo', 'number'],
    repeatable: true,
    paged: true,
    request: (inputs) => ({ method: 'GET', path: `${issue(inputs)}/comments` }),
    output: (answer) => {
      const comments = Array.isArray(answer) ? answer.map(commentOf) : [];
      return { comments, total: comments.length };
    },
  },
} as const satisfies Readonly<Record<string, GithubOperation>>;

export type GithubOperationName = keyof typeof GITHUB_OPERATIONS;
export const GITHUB_OPERATION_NAMES = Object.keys(GITHUB_OPERATIONS) as GithubOperationName[];

/** What an operation is called, also with the `github.` before it; null when there is none of that name. */
export function operationNamed(name: Json | undefined): GithubOperationName | null {
  const plain = typeof name === 'string' ? name.replace(/^github\./, '') : '';
  return GITHUB_OPERATION_NAMES.find((known) => known === plain) ?? null;
}

/** What keeps an operation from being asked; null when nothing does. */
export function inputFault(operation: GithubOperation, inputs: JsonObject): string | null {
  for (const name of operation.required) if (text(inputs[name]).trim() === '') return `${name} is required`;
  if (!/^(?!\.+\/)[\w.-]+\/(?!\.+$)[\w.-]+$/.test(text(inputs['repo']))) return 'repo is owner/name';
  if (operation.required.includes('number') && !/^[1-9]\d*$/.test(text(inputs['number']))) return 'number is a whole number';
  return null;
}

/** Names in a list, or in a text with commas. */
export function listOf(value: Json | undefined): string[] {
  const names = Array.isArray(value) ? value.map(text) : text(value).split(',');
  return names.map((name) => name.trim()).filter((name) => name !== '');
}

function repository(inputs: JsonObject): string {
  return `/repos/${text(inputs['repo'])}`;
}

function number(inputs: JsonObject): string {
  return text(inputs['number']);
}

function issueOf(answer: Json): JsonObject {
  const labels = member(answer, 'labels');
  return {
    number: member(answer, 'number'),
    title: member(answer, 'title'),
    body: member(answer, 'body') ?? '',
    state: text(member(answer, 'state')).toUpperCase(),
    labels: Array.isArray(labels) ? labels.map((label) => ({ name: member(label, 'name') })) : [],
    url: member(answer, 'html_url'),
  };
}

function pullOf(answer: Json): JsonObject {
  const [merged, mergeable] = [member(answer, 'merged_at'), member(answer, 'mergeable')];
  return {
    ...issueOf(answer),
    ...(merged === null ? {} : { state: 'MERGED' }),
    headRefName: member(member(answer, 'head'), 'ref'),
    baseRefName: member(member(answer, 'base'), 'ref'),
    mergeable: mergeable === null ? 'UNKNOWN' : mergeable === true ? 'MERGEABLE' : 'CONFLICTING',
    mergedAt: merged,
  };
}

function commentOf(comment: Json): JsonObject {
  return {
    id: member(comment, 'id'),
    author: { login: member(member(comment, 'user'), 'login') },
    body: member(comment, 'body') ?? '',
    createdAt: member(comment, 'created_at'),
    url: member(comment, 'html_url'),
  };
}

function madeOf(answer: Json | undefined): JsonObject {
  return { number: member(answer, 'number'), url: member(answer, 'html_url') };
}

/** The fields that are asked for; all when none are. */
function only(inputs: JsonObject, output: JsonObject): JsonObject {
  const fields = listOf(inputs['fields']);
  return fields.length === 0 ? output : Object.fromEntries(fields.map((field) => [field, output[field] ?? null]));
}

function texts(inputs: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (text(inputs[name]) === '' ? [] : [[name, text(inputs[name])]])));
}

function lists(inputs: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name): [string, string[]] => [name, listOf(inputs[name])]).filter(([, list]) => list.length > 0));
}

function isTrue(value: Json | undefined): boolean {
  return value === true || value === 'true';
}

function member(value: Json | undefined, name: string): Json {
  return isJsonObject(value) ? (value[name] ?? null) : null;
}

function text(value: Json | undefined): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : Array.isArray(value)
        ? value.join(',')
        : '';
}
