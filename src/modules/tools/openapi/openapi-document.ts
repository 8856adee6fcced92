import { isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head'] as const;
const MAX_OPERATIONS = 500;
const MAX_DEPTH = 60;
const COMPONENT = /^#\/components\/schemas\/([A-Za-z0-9._-]+)$/;

/** Where a value of the input goes. */
export interface Parameter {
  /** Member of the input. */
  readonly member: string;
  readonly name: string;
  readonly place: 'path' | 'query' | 'header';
}

/** An operation of a document, ready to be a tool. */
export interface Operation {
  /** Its id, or its method and path. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly parameters: readonly Parameter[];
  /** Media type that the member `body` is sent as; null without a body. */
  readonly bodyType: string | null;
}

/** Why a document cannot be used, at which place of it. */
export interface DocumentFault {
  readonly path: string;
  readonly message: string;
}

/** The operations of an OpenAPI 3 document; those that need what is not understood (other bodies than JSON and forms) are left out. */
export function operationsOf(
  document: JsonObject,
): { readonly operations: readonly Operation[] } | { readonly faults: readonly DocumentFault[] } {
  const { openapi, paths } = document;
  if (typeof openapi !== 'string' || !openapi.startsWith('3.')) return { faults: [{ path: '/openapi', message: 'must be 3.0 or later' }] };
  if (!isJsonObject(paths)) return { faults: [{ path: '/paths', message: 'must be an object' }] };
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    isJsonObject(item) ? METHODS.flatMap((method) => operationOf(document, path, method, item)) : [],
  );
  if (operations.length === 0) return { faults: [{ path: '/paths', message: 'holds no operation that can be called' }] };
  if (operations.length > MAX_OPERATIONS) return { faults: [{ path: '/paths', message: `holds more than ${MAX_OPERATIONS} operations` }] };
  return { operations: unique(operations) };
}

/** Where the operations are: the document's first server. */
export function addressIn(document: JsonObject): string | undefined {
  const [server] = Array.isArray(document['servers']) ? document['servers'] : [];
  const url = isJsonObject(server) ? server['url'] : undefined;
  return typeof url === 'string' ? url : undefined;
}

function operationOf(document: JsonObject, path: string, method: string, item: JsonObject): Operation[] {
  const operation = item[method];
  if (!isJsonObject(operation)) return [];
  const { operationId, summary, description } = operation;
  const parameters = parametersOf(document, [item['parameters'], operation['parameters']]);
  const body = bodyOf(document, operation['requestBody']);
  if (body === 'unknown') return [];
  const properties: Record<string, Json> = {};
  const required: string[] = [];
  const places: Parameter[] = [];
  for (const { name, place, schema, needed } of parameters) {
    const member = name in properties || name === 'body' ? `${place}_${name}` : name;
    properties[member] = schema;
    if (needed) required.push(member);
    places.push({ member, name, place });
  }
  if (body !== null) {
    properties['body'] = body.schema;
    if (body.needed) required.push('body');
  }
  const inputSchema = withDefinitions(document, {
    type: 'object',
    additionalProperties: false,
    properties,
    ...(required.length === 0 ? {} : { required }),
  });
  return [
    {
      name:
        typeof operationId === 'string' && operationId !== ''
          ? operationId
          : `${method}_${path.replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_|_$/g, '')}`,
      method: method.toUpperCase(),
      path,
      description:
        [summary, description].filter((text) => typeof text === 'string' && text !== '').join('\n') || `${method.toUpperCase()} ${path}`,
      inputSchema,
      parameters: places,
      bodyType: body?.type ?? null,
    },
  ];
}

interface ReadParameter {
  readonly name: string;
  readonly place: Parameter['place'];
  readonly schema: Json;
  readonly needed: boolean;
}

/** Those of the path item, replaced by those of the operation. Cookies are not sent. */
function parametersOf(document: JsonObject, lists: readonly (Json | undefined)[]): ReadParameter[] {
  const found = new Map<string, ReadParameter>();
  for (const each of lists.flatMap((list) => (Array.isArray(list) ? list : []))) {
    const parameter = resolved(document, each);
    if (!isJsonObject(parameter)) continue;
    const { name, in: place, schema, required, description } = parameter;
    if (typeof name !== 'string' || (place !== 'path' && place !== 'query' && place !== 'header')) continue;
    const told = isJsonObject(schema) ? schema : {};
    found.set(`${place} ${name}`, {
      name,
      place,
      schema: typeof description === 'string' && told['description'] === undefined ? { ...told, description } : told,
      needed: required === true || place === 'path',
    });
  }
  return [...found.values()];
}

function bodyOf(document: JsonObject, requestBody: Json | undefined): { type: string; schema: Json; needed: boolean } | null | 'unknown' {
  if (requestBody === undefined) return null;
  const body = resolved(document, requestBody);
  const content = isJsonObject(body) ? body['content'] : undefined;
  if (!isJsonObject(body) || !isJsonObject(content)) return null;
  const type =
    Object.keys(content).find((each) => /^application\/([\w.+-]+\+)?json\b/.test(each)) ??
    Object.keys(content).find((each) => each === 'application/x-www-form-urlencoded');
  if (type === undefined) return body['required'] === true ? 'unknown' : null;
  const media = content[type];
  return { type, schema: isJsonObject(media) ? (media['schema'] ?? {}) : {}, needed: body['required'] === true };
}

/** A reference within the document, followed. */
function resolved(document: JsonObject, value: Json, depth = 0): Json | undefined {
  if (!isJsonObject(value) || typeof value['$ref'] !== 'string' || depth > 10) return value;
  const { $ref: reference } = value;
  if (!reference.startsWith('#/')) return undefined;
  let at: Json | undefined = document;
  for (const segment of reference.slice(2).split('/')) {
    at = isJsonObject(at) ? at[decodeURIComponent(segment).replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  }
  return at === undefined ? undefined : resolved(document, at, depth + 1);
}

/** The schema in the dialect of tools, with the components that it refers to as `$defs`. */
function withDefinitions(document: JsonObject, schema: JsonObject): JsonObject {
  const components = isJsonObject(document['components']) ? document['components']['schemas'] : undefined;
  const known = isJsonObject(components) ? components : {};
  const definitions: Record<string, Json> = {};
  const wanted: string[] = [];
  const own = translated(schema, wanted, 0) as JsonObject;
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (name in definitions) continue;
    definitions[name] = translated(known[name] ?? {}, wanted, 0);
  }
  return Object.keys(definitions).length === 0 ? own : { ...own, $defs: definitions };
}

/** References to components and what OpenAPI 3.0 says in its own way become JSON Schema 2020-12. */
function translated(value: Json, wanted: string[], depth: number): Json {
  if (depth > MAX_DEPTH) return {};
  if (Array.isArray(value)) return value.map((each) => translated(each, wanted, depth + 1));
  if (!isJsonObject(value)) return value;
  const { nullable, exclusiveMinimum, exclusiveMaximum, $ref: reference, ...rest } = value;
  const plain: Record<string, Json> = {};
  for (const [name, each] of Object.entries(rest))
    plain[name] = name === 'example' || name === 'default' || name === 'enum' ? each : translated(each, wanted, depth + 1);
  Object.assign(
    plain,
    bound('exclusiveMinimum', 'minimum', exclusiveMinimum, plain),
    bound('exclusiveMaximum', 'maximum', exclusiveMaximum, plain),
  );
  if (typeof reference === 'string') {
    const name = COMPONENT.exec(reference)?.[1];
    if (name === undefined) return {};
    wanted.push(name);
    plain['$ref'] = `#/$defs/${name}`;
  }
  if (nullable !== true) return plain;
  return typeof plain['type'] === 'string'
    ? { ...plain, type: [plain['type'], 'null'], ...(Array.isArray(plain['enum']) ? { enum: [...plain['enum'], null] } : {}) }
    : { anyOf: [plain, { type: 'null' }] };
}

/** A bound that is exclusive: a number today, a flag beside the bound in 3.0. */
function bound(name: string, inclusive: string, value: Json | undefined, schema: Record<string, Json>): JsonObject {
  if (value === undefined) return {};
  // A property may be called like the keyword.
  if (typeof value !== 'boolean') return { [name]: value };
  const limit = schema[inclusive];
  if (!value || limit === undefined) return {};
  delete schema[inclusive];
  return { [name]: limit };
}

/** Operations without a name of their own may come to the same one. */
function unique(operations: readonly Operation[]): Operation[] {
  const counts = new Map<string, number>();
  return operations.map((operation) => {
    const count = (counts.get(operation.name) ?? 0) + 1;
    counts.set(operation.name, count);
    return count === 1 ? operation : { ...operation, name: `${operation.name}_${count}` };
  });
}
