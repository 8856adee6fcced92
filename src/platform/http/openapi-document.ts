import type { OpenAPIObject } from '@nestjs/swagger';
import { problemResponses, problemSchemas, responseName } from './openapi-problems.js';

type Json = Record<string, unknown>;

interface Operation extends Json {
  readonly operationId?: string;
  readonly tags?: string[];
  security?: unknown[];
  parameters?: Json[];
  responses: Record<string, Json>;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
/** Every route behind a key can answer these; one with a body those too. */
const KEYED_PROBLEMS = ['400', '401', '403', '429', '500', '503'];
const BODY_PROBLEMS = ['413', '415', '422'];
const PUBLIC_PROBLEMS = ['400', '500'];

const ANSWER_HEADERS = ['X-Request-Id', 'X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];

const HEADERS: Readonly<Record<string, Json>> = {
  'Idempotency-Replayed': {
    description: '`true` when this is the stored reply of an earlier request',
    schema: { type: 'string', const: 'true' },
  },
  'X-RateLimit-Limit': { description: 'Requests per minute this key may make', schema: { type: 'integer' }, example: 6000 },
  'X-RateLimit-Remaining': { description: 'Requests left in this minute', schema: { type: 'integer' }, example: 5999 },
  'X-RateLimit-Reset': { description: 'When the count starts anew, in epoch seconds', schema: { type: 'integer' }, example: 1893499260 },
  'X-Request-Id': {
    description: 'The id of this request, as sent or given by the server',
    schema: { type: 'string' },
    example: '5f0c7f0e-6f0b-4d53-9a35-4a5b8b9f0c11',
  },
};

/** Adds what holds for all routes (problems, headers, security) and puts everything in a fixed order. */
export function completeDocument(document: OpenAPIObject): OpenAPIObject {
  const paths = document.paths as Record<string, Record<string, Operation>>;
  const usedStatuses = new Set<string>();
  for (const path of Object.values(paths)) {
    for (const method of METHODS) if (path[method] !== undefined) completeOperation(path[method], usedStatuses);
  }
  const components = document.components as Record<string, Json>;
  components['schemas'] = sorted({ ...components['schemas'], ...problemSchemas() });
  components['responses'] = sorted(problemResponses([...usedStatuses], headerReferences(ANSWER_HEADERS)));
  components['headers'] = HEADERS;
  document.paths = sorted(Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, inMethodOrder(item)])));
  document.tags = usedTags(document, paths);
  return withoutDtoSuffix(document);
}

/** Classes are named `RunDto` to tell them from what they show; readers of the document know only one `Run`. */
function withoutDtoSuffix(document: OpenAPIObject): OpenAPIObject {
  const schemas = document.components?.schemas ?? {};
  const names = new Map(Object.keys(schemas).map((name) => [name, name.replace(/Dto$/, '')]));
  if (new Set(names.values()).size !== names.size) throw new Error('two schemas have the same name without their Dto suffix');
  const renamed = JSON.parse(
    JSON.stringify(document, (key, value: unknown) =>
      key === '$ref' && typeof value === 'string' ? value.replace(/^(#\/components\/schemas\/\w+?)Dto$/, '$1') : value,
    ),
  ) as OpenAPIObject;
  const components = renamed.components as Record<string, Json>;
  components['schemas'] = sorted(
    Object.fromEntries(Object.entries(components['schemas'] ?? {}).map(([name, schema]) => [names.get(name) ?? name, schema])),
  );
  return renamed;
}

function completeOperation(operation: Operation, usedStatuses: Set<string>): void {
  const keyed = operation.security !== undefined;
  operation.security ??= [];
  const common = [...(keyed ? KEYED_PROBLEMS : PUBLIC_PROBLEMS), ...(operation['requestBody'] === undefined ? [] : BODY_PROBLEMS)];
  for (const status of common) operation.responses[status] ??= {};
  const idempotent = operation.parameters?.some((parameter) => parameter['name'] === 'Idempotency-Key') === true;
  for (const [status, response] of Object.entries(operation.responses)) {
    if (Number(status) >= 400 && response['content'] === undefined) {
      usedStatuses.add(status);
      operation.responses[status] = { $ref: `#/components/responses/${responseName(status)}` };
    } else {
      const names = idempotent ? ['Idempotency-Replayed', ...ANSWER_HEADERS] : ANSWER_HEADERS;
      response['headers'] = { ...(response['headers'] as Json | undefined), ...headerReferences(names) };
      if (response['description'] === '' || response['description'] === undefined) response['description'] = 'Done';
    }
  }
  operation.responses = sorted(operation.responses);
}

function headerReferences(names: readonly string[]): Json {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function inMethodOrder(item: Record<string, Operation>): Record<string, Operation> {
  const { get, post, put, patch, delete: remove, ...rest } = item;
  return Object.fromEntries(
    Object.entries({ ...rest, get, post, put, patch, delete: remove }).filter(([, operation]) => operation !== undefined),
  ) as Record<string, Operation>;
}

function usedTags(document: OpenAPIObject, paths: Record<string, Record<string, Operation>>): OpenAPIObject['tags'] {
  const used = new Set(Object.values(paths).flatMap((item) => Object.values(item).flatMap((operation) => operation.tags ?? [])));
  return (document.tags ?? []).filter((tag) => used.has(tag.name));
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
