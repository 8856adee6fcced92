import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { KvService } from '../../../modules/kv/index.js';
import { AppError } from '../../../platform/errors/app-error.js';
import { CurrentPrincipal, Endpoint } from '../../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { orInstead } from '../../kit/index.js';
import { isBase64, kvItem } from './kv-views.js';
import { keyNotFound } from './problems.js';
import { RootKvListDto, RootKvValueDto } from './root.dto.js';
import { ROOT_KV_ITEM, ROOT_KV_PAGE } from './schemas.js';

const NAMESPACES: ReadonlySet<string> = new Set(['core_triggers', 'core_invocation_state']);
const MAX_KEY_BYTES = 256;
const MAX_VALUE_BYTES = 8 * 1024;
const Namespace = ApiParam({ name: 'namespace', enum: [...NAMESPACES] });
const Key = ApiParam({ name: 'key', description: 'May hold slashes', example: 'nightly/last' });

@ApiTags('Root: kv')
@Controller('compat/flwd/kv')
export class RootKvController {
  constructor(private readonly entries: KvService) {}

  @Get(':namespace')
  @Endpoint({ access: 'kv.read', operationId: 'rootListKv', summary: 'List the entries of a namespace by their keys' })
  @Namespace
  @ApiOkResponse({ schema: ROOT_KV_PAGE })
  async listKv(
    @CurrentPrincipal() { tenant }: Principal,
    @Param('namespace') namespace: string,
    @Query() query: RootKvListDto,
  ): Promise<object> {
    checkNamespace(namespace);
    const { data, next_cursor: next } = await this.entries.list(tenant, { namespace, ...query });
    return { items: data.map(kvItem), ...(next === null ? {} : { nextCursor: next }) };
  }

  @Get(':namespace/*key')
  @Endpoint({ access: 'kv.read', operationId: 'rootGetKv', summary: 'Read an entry' })
  @Namespace
  @Key
  @ApiOkResponse({ schema: ROOT_KV_ITEM })
  async getKv(
    @CurrentPrincipal() { tenant }: Principal,
    @Param('namespace') namespace: string,
    @Param('key') segments: string | string[],
  ): Promise<object> {
    const key = keyOf(namespace, segments);
    return kvItem(await orInstead(this.entries.get({ tenant, namespace, key }), keyNotFound(key)));
  }

  @Put(':namespace/*key')
  @HttpCode(204)
  @Endpoint({ access: 'kv.write', operationId: 'rootPutKv', summary: 'Keep a value' })
  @Namespace
  @Key
  @ApiBody({ type: RootKvValueDto })
  @ApiNoContentResponse({ description: 'It is kept' })
  async putKv(
    @CurrentPrincipal() { tenant }: Principal,
    @Param('namespace') namespace: string,
    @Param('key') segments: string | string[],
    @Body() { value }: RootKvValueDto,
  ): Promise<void> {
    const key = keyOf(namespace, segments);
    if (!isBase64(value)) throw new AppError(400, 'value_must_be_base64', 'with padding, and without line breaks');
    if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw tooLong('key', MAX_KEY_BYTES);
    if (Buffer.byteLength(value, 'base64') > MAX_VALUE_BYTES) throw tooLong('value', MAX_VALUE_BYTES);
    await this.entries.put({ tenant, namespace, key }, value);
  }

  @Delete(':namespace/*key')
  @HttpCode(204)
  @Endpoint({ access: 'kv.write', operationId: 'rootDeleteKv', summary: 'Delete an entry' })
  @Namespace
  @Key
  @ApiNoContentResponse({ description: 'It is deleted' })
  async deleteKv(
    @CurrentPrincipal() { tenant }: Principal,
    @Param('namespace') namespace: string,
    @Param('key') segments: string | string[],
  ): Promise<void> {
    const key = keyOf(namespace, segments);
    await orInstead(this.entries.delete({ tenant, namespace, key }), keyNotFound(key));
  }
}

function keyOf(namespace: string, segments: string | string[]): string {
  checkNamespace(namespace);
  return Array.isArray(segments) ? segments.join('/') : segments;
}

function checkNamespace(namespace: string): void {
  if (!NAMESPACES.has(namespace)) throw new AppError(403, 'namespace_forbidden', namespace);
}

function tooLong(what: string, limitBytes: number): AppError {
  return new AppError(400, `${what}_exceeds_maximum_length`, `at most ${limitBytes} bytes`);
}
