import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { isJsonObject, type Json, type JsonObject, StepError } from '../../../engine/index.js';
import { EgressClient } from '../../../platform/egress/index.js';
import { encodeBody, ANY, objectOf } from '../../nodes/index.js';
import { ToolSettings } from '../execution/tool-settings.js';
import { bodyOf, refuseFailure } from '../execution/web-answer.js';
import type { OfferedTools, ToolServer } from '../servers/tool-server.js';
import type { ToolCall } from '../tool.js';
import { operationsOf, type Operation } from './openapi-document.js';

const OUTPUT = objectOf({ status_code: { type: 'integer' }, body: ANY }, ['status_code', 'body']);
/** By HTTP, doing these twice is doing them once. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

/** Operations of OpenAPI documents as tools. A status that is no success fails the call. */
@Injectable()
export class OpenapiCalls {
  private readonly operations = new LRUCache<string, readonly Operation[]>({ max: 200 });

  constructor(
    private readonly egress: EgressClient,
    private readonly settings: ToolSettings,
  ) {}

  offered(server: ToolServer): OfferedTools {
    return {
      tools: this.of(server).map(({ name, description, inputSchema, method }) => ({
        name,
        description,
        inputSchema,
        outputSchema: OUTPUT,
        repeatable: REPEATABLE.has(method),
      })),
      health: { status: 'ok', error: null, checkedAt: server.createdAt, protocolVersion: null, era: null },
    };
  }

  async call(server: ToolServer, name: string, call: ToolCall): Promise<Json> {
    const operation = this.of(server).find((each) => each.name === name);
    if (operation === undefined) throw new StepError('unknown_tool', `${server.name} has no operation ${name}`, { retryable: false });
    const { settings } = server;
    const encoded =
      operation.bodyType === null ? null : encodeBody(call.input['body'], operation.bodyType.includes('json') ? 'json' : 'form');
    const headers = this.headersOf(server, operation, call);
    const answer = await this.egress.request({
      url: urlOf(this.settings.resolved(server.tenant, settings.base_url ?? ''), operation, call.input),
      method: operation.method,
      headers: { ...headers, ...(encoded === null ? {} : { 'content-type': operation.bodyType ?? encoded.contentType }) },
      ...(encoded === null ? {} : { body: encoded.body }),
      followRedirects: false,
      signal: call.signal,
      timeoutMs: settings.timeout_ms,
    });
    refuseFailure(answer, server.name);
    return { status_code: answer.status, body: bodyOf(answer) };
  }

  /** What the caller says never replaces what the server's owner says: that is where keys are. */
  private headersOf(server: ToolServer, operation: Operation, { input, idempotencyKey }: ToolCall): Record<string, string> {
    const own = Object.fromEntries(
      Object.entries(server.headers).map(([name, value]) => [name.toLowerCase(), this.settings.resolved(server.tenant, value)]),
    );
    const given = operation.parameters.flatMap(({ member, name, place }): [string, string][] =>
      place === 'header' && input[member] !== undefined ? [[name.toLowerCase(), textOf(input[member])]] : [],
    );
    return {
      accept: 'application/json',
      ...(idempotencyKey === undefined || operation.method === 'GET' ? {} : { 'idempotency-key': idempotencyKey }),
      ...Object.fromEntries(given),
      ...own,
    };
  }

  private of({ id, settings }: ToolServer): readonly Operation[] {
    let operations = this.operations.get(id);
    if (operations === undefined) {
      const read = operationsOf(settings.document ?? {});
      operations = 'faults' in read ? [] : read.operations;
      this.operations.set(id, operations);
    }
    return operations;
  }
}

/** The operation's address. Values of the path are one segment each, whatever they hold. */
export function urlOf(base: string, { path, parameters }: Pick<Operation, 'path' | 'parameters'>, input: JsonObject): URL {
  const filled = path.replaceAll(/\{([^{}]+)\}/g, (whole, name: string) => {
    const parameter = parameters.find((each) => each.place === 'path' && each.name === name);
    const value = parameter === undefined ? undefined : input[parameter.member];
    if (value === undefined) return whole;
    const segment = encodeURIComponent(textOf(value));
    if (segment === '' || /^\.{1,2}$/.test(segment))
      throw new StepError('invalid_input', `${name} cannot be part of a path`, { retryable: false });
    return segment;
  });
  const url = new URL(`${base.replace(/\/$/, '')}${filled}`);
  for (const { member, name, place } of parameters) {
    const value = input[member];
    if (place !== 'query' || value === undefined || value === null) continue;
    for (const each of Array.isArray(value) ? value : [value]) url.searchParams.append(name, textOf(each));
  }
  return url;
}

function textOf(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) || isJsonObject(value) ? JSON.stringify(value) : String(value);
}
