import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { type ApiKeyDto, ApiKeysService, toApiKeyDto } from '../../modules/auth/index.js';
import { isUuid } from '../../platform/http/cursor.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { everyPage, orInstead } from '../kit/index.js';
import { CreateMeshKeyDto } from './meshflow.dto.js';
import { keyNotFound } from './problems.js';
import { ISSUED_KEY, KEY, KEYS, REVOKED_KEY } from './schemas.js';

const NOTE = 'Keep this key: it is not shown again.';

@ApiTags('Keys')
@Controller('compat/meshflow/keys')
export class MeshKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Get()
  @Endpoint({ access: 'keys.manage', operationId: 'listKeys', summary: 'List API keys' })
  @ApiOkResponse({ schema: KEYS })
  async listKeys(@CurrentPrincipal() principal: Principal): Promise<object> {
    const keys = await everyPage((page) => this.keys.list(principal, page));
    return { keys: keys.map(keyRow), count: keys.length };
  }

  @Post()
  @Endpoint({ access: 'keys.manage', operationId: 'createKey', summary: 'Issue an API key; the key itself is shown here only' })
  @Idempotent({ secretReply: true })
  @ApiBody({ type: CreateMeshKeyDto })
  @ApiCreatedResponse({ schema: ISSUED_KEY })
  async createKey(
    @CurrentPrincipal() principal: Principal,
    @Body() { name, role = 'operator', tenant_id: tenant = principal.tenant }: CreateMeshKeyDto,
    @ReservedId() reservedId: string | undefined,
  ): Promise<object> {
    const { entity, secret } = await this.keys.create(principal, { name, role, tenant }, reservedId);
    return { key_id: entity.id, raw_key: secret, name, role, tenant_id: tenant, note: NOTE };
  }

  @Get('whoami')
  @Endpoint({ access: 'authenticated', operationId: 'whoami', summary: 'Who the caller is' })
  @ApiOkResponse({ schema: KEY })
  async whoami(@CurrentPrincipal() principal: Principal): Promise<object> {
    const { keyId, keyName: name, role, tenant } = principal;
    if (keyId !== null) return keyRow(toApiKeyDto(await this.keys.get(principal, keyId)));
    return { key_id: 'open', name, role, tenant_id: tenant, created_at: null, last_used_at: null, revoked: false };
  }

  @Delete(':key_id')
  @HttpCode(200)
  @Endpoint({ access: 'keys.manage', operationId: 'revokeKey', summary: 'Revoke an API key' })
  @ApiParam({ name: 'key_id', format: 'uuid' })
  @ApiOkResponse({ schema: REVOKED_KEY })
  async revokeKey(@CurrentPrincipal() principal: Principal, @Param('key_id') id: string): Promise<object> {
    if (!isUuid(id)) throw keyNotFound();
    await orInstead(this.keys.revoke(principal, id.toLowerCase()), keyNotFound());
    return { key_id: id, status: 'revoked' };
  }
}

function keyRow({ id, name, role, tenant, created_at, last_used_at }: ApiKeyDto): object {
  return { key_id: id, name, role, tenant_id: tenant, created_at, last_used_at, revoked: false };
}
