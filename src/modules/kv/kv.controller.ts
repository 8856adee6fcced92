import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { ApiPage, type Page } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { KvEntryDto, ListKvQueryDto, PutKvEntryDto, toKvEntryDto } from './kv.dto.js';
import { KvService } from './kv.service.js';

const Namespace = ApiParam({ name: 'namespace', example: 'sync' });
const Key = ApiParam({ name: 'key', description: 'Up to 256 bytes, URL-encoded: `customers%2Fcursor`', example: 'customers%2Fcursor' });

@ApiTags('kv')
@Controller('kv')
export class KvController {
  constructor(private readonly service: KvService) {}

  @Get()
  @Endpoint({ access: 'kv.read', operationId: 'listKvEntries', summary: 'List entries by their namespaces and keys' })
  @ApiPage(KvEntryDto)
  @ApiProblems(400, 422)
  async listKvEntries(@CurrentPrincipal() { tenant }: Principal, @Query() query: ListKvQueryDto): Promise<Page<KvEntryDto>> {
    const { data, next_cursor } = await this.service.list(tenant, query);
    return { data: data.map(toKvEntryDto), next_cursor };
  }

  @Get(':namespace/:key')
  @Endpoint({ access: 'kv.read', operationId: 'getKvEntry', summary: 'Read an entry' })
  @Namespace
  @Key
  @ApiOkResponse({ type: KvEntryDto })
  @ApiProblems(404)
  async getKvEntry(
    @CurrentPrincipal() { tenant }: Principal,
    @Param('namespace') namespace: string,
    @Param('key') key: string,
  ): Promise<KvEntryDto> {
    return toKvEntryDto(await this.service.get({ tenant, namespace, key }));
  }

  @Put(':namespace/:key')
  @Endpoint({
    access: 'kv.write',
    operationId: 'putKvEntry',
    summary: 'Keep a value, also instead of another',
    description: 'The last write wins. A namespace is there as soon as it has an entry, and holds up to 10,000.',
  })
  @Namespace
  @Key
  @ApiOkResponse({ type: KvEntryDto })
  @ApiProblems(400, 409, 413, 415, 422)
  async putKvEntry(
    @CurrentPrincipal() { tenant }: Principal,
    @Param('namespace') namespace: string,
    @Param('key') key: string,
    @Body() { value }: PutKvEntryDto,
  ): Promise<KvEntryDto> {
    return toKvEntryDto(await this.service.put({ tenant, namespace, key }, value));
  }

  @Delete(':namespace/:key')
  @HttpCode(204)
  @Endpoint({ access: 'kv.write', operationId: 'deleteKvEntry', summary: 'Delete an entry' })
  @Namespace
  @Key
  @ApiNoContentResponse({ description: 'It is deleted' })
  @ApiProblems(404)
  deleteKvEntry(
    @CurrentPrincipal() { tenant }: Principal,
    @Param('namespace') namespace: string,
    @Param('key') key: string,
  ): Promise<void> {
    return this.service.delete({ tenant, namespace, key });
  }
}
