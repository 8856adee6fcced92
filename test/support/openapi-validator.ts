import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { type Exchange, observeAnswers } from './api-client.js';

type Json = Record<string, unknown>;

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Json>>;
}

interface Template {
  readonly pattern: RegExp;
  readonly operations: Readonly<Record<string, Operation>>;
}

const OPENAPI_FILE = join(import.meta.dirname, '..', '..', 'openapi.json');
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
/** Served beside the document, not in it. */
const UNDESCRIBED = /^\/(?:docs|openapi\.(?:json|yaml)|metrics)/;
/** What the edge answers where no route took the request, as a worker does for what only the API serves. */
const UNROUTED = /^no such route$|^this process is a worker/;

/** Holds answers against an OpenAPI document: is the status stated, the media type, and does the body fit its schema? */
export class OpenApiValidator {
  private readonly ajv: Ajv2020;
  private readonly templates: readonly Template[];
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(private readonly document: Json) {
    this.ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
    addFormats.default(this.ajv);
    this.ajv.addSchema(closed(document) as Json, 'openapi');
    this.templates = Object.entries(document['paths'] as Record<string, Json>)
      // Literal paths before templates: `/runs/stats` is not `/runs/{id}`.
      .sort(([a], [b]) => countParameters(a) - countParameters(b))
      .map(([path, item]) => ({ pattern: toPattern(path), operations: operationsOf(item) }));
  }

  static fromFile(file: string = OPENAPI_FILE): OpenApiValidator {
    return new OpenApiValidator(JSON.parse(readFileSync(file, 'utf8')) as Json);
  }

  /** What the document does not say about this answer; nothing when it describes it. */
  check({ method, path, answer }: Exchange): string[] {
    if (UNDESCRIBED.test(path)) return [];
    const template = this.templates.find(({ pattern, operations }) => pattern.test(path) && operations[method.toLowerCase()] !== undefined);
    const operation = template?.operations[method.toLowerCase()];
    const where = `${method} ${path} ${answer.status}`;
    if (answer.status === 405 || (answer.status === 404 && UNROUTED.test(String((answer.body as Json | null)?.['detail'])))) return [];
    if (operation === undefined) return [`${where}: the document has no such operation`];
    const response = this.resolve(operation.responses[String(answer.status)]);
    if (response === undefined) return [`${where}: ${operation.operationId} does not state the status`];
    return this.checkBody(`${operation.operationId} ${answer.status}`, response, answer).map((fault) => `${where}: ${fault}`);
  }

  private checkBody(name: string, response: Json, answer: Exchange['answer']): string[] {
    const content = response['content'] as Record<string, Json> | undefined;
    const mediaType = answer.headers.get('content-type')?.split(';', 1)[0];
    if (content === undefined) return answer.body === null ? [] : ['has a body, and the document states none'];
    const described = mediaType === undefined ? undefined : content[mediaType];
    if (described === undefined)
      return [`has the media type ${mediaType ?? '(none)'}, and the document states ${Object.keys(content).join(', ')}`];
    if (mediaType === undefined || !/\bjson\b/.test(mediaType) || described['schema'] === undefined) return [];
    const validate = this.validator(`${name} ${mediaType}`, described['schema'] as Json);
    if (validate(answer.body)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${instancePath === '' ? 'the body' : instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
    );
  }

  private validator(name: string, schema: Json): ValidateFunction {
    const known = this.validators.get(name);
    if (known !== undefined) return known;
    const validate = this.ajv.compile(absolute(closed(schema)) as Json);
    this.validators.set(name, validate);
    return validate;
  }

  private resolve(response: Json | undefined): Json | undefined {
    const reference = response?.['$ref'];
    if (typeof reference !== 'string') return response;
    return reference
      .slice('#/'.length)
      .split('/')
      .reduce<unknown>((value, key) => (value as Json | undefined)?.[key], this.document) as Json | undefined;
  }
}

/** From now on every answer that a test client gets is held against `openapi.json`, and fails the request when it does not fit. */
export function validateAnswers(validator: OpenApiValidator = OpenApiValidator.fromFile()): () => void {
  return observeAnswers((exchange) => {
    const faults = validator.check(exchange);
    if (faults.length > 0)
      throw new Error(
        `openapi.json does not describe this answer:\n${faults.join('\n')}\n${JSON.stringify(exchange.answer.body)?.slice(0, 2000)}`,
      );
  });
}

function operationsOf(item: Json): Record<string, Operation> {
  return Object.fromEntries(METHODS.flatMap((method) => (item[method] === undefined ? [] : [[method, item[method] as Operation]])));
}

function countParameters(path: string): number {
  return path.split('{').length - 1;
}

function toPattern(path: string): RegExp {
  const literal = path.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replaceAll(/\{[^}]+\}/g, '[^/]+')}/?$`);
}

/** Objects may have no more members than the schema names, unless it says so: an answer with an unstated field is not described. */
function closed(schema: unknown): unknown {
  return mapSchemas(schema, (object) => {
    const open = object['additionalProperties'] !== undefined || object['properties'] === undefined;
    return open ? object : { ...object, additionalProperties: false };
  });
}

/** References reach the whole document under its own name. */
function absolute(schema: unknown): unknown {
  return mapSchemas(schema, (object) => {
    const reference = object['$ref'];
    return typeof reference === 'string' && reference.startsWith('#/') ? { ...object, $ref: `openapi${reference}` } : object;
  });
}

/** Applies a change to every object, except that members of `allOf` stay open: they see each other's properties. */
function mapSchemas(value: unknown, change: (object: Json) => Json, inAllOf = false): unknown {
  if (Array.isArray(value)) return value.map((item) => mapSchemas(item, change, inAllOf));
  if (typeof value !== 'object' || value === null) return value;
  const mapped = Object.fromEntries(
    Object.entries(value as Json).map(([key, item]) => [
      key,
      key === 'example' || key === 'examples' ? item : mapSchemas(item, change, key === 'allOf'),
    ]),
  );
  return inAllOf ? mapped : change(mapped);
}
