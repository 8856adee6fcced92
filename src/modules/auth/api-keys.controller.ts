import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import { IdPipe } from '../../platform/http/id.pipe.js';
import { ApiPage, type Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { ApiKeysService, type IssuedKey } from './api-keys.service.js';
import { ApiKeyDto, CreateApiKeyDto, IssuedApiKeyDto, toApiKeyDto } from './dto/api-key.dto.js';

@ApiTags('auth')
@Controller('api-keys')
export class ApiKeysController {
  constructor(private readonly service: ApiKeysService) {}

  @Post()
  @Endpoint({ access: 'keys.manage', operationId: 'createApiKey', summary: 'Issue an API key' })
  @Idempotent({ secretReply: true })
  @ApiCreatedResponse({ type: IssuedApiKeyDto, description: 'The key; its secret is in no other answer' })
  @ApiProblems(400, 409, 413, 415, 422)
  async createApiKey(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateApiKeyDto,
    @ReservedId() reservedId: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<IssuedApiKeyDto> {
    const issued = await this.service.create(principal, body, reservedId);
    response.setHeader('Location', `/api/v1/api-keys/${issued.entity.id}`);
    return withSecret(issued);
  }

  @Get()
  @Endpoint({ access: 'keys.manage', operationId: 'listApiKeys', summary: 'List the API keys of the tenant, newest first' })
  @ApiPage(ApiKeyDto)
  @ApiProblems(400, 422)
  listApiKeys(@CurrentPrincipal() principal: Principal, @Query() query: PageQueryDto): Promise<Page<ApiKeyDto>> {
    return this.service.list(principal, query);
  }

  @Get(':id')
  @Endpoint({ access: 'keys.manage', operationId: 'getApiKey', summary: 'Read an API key' })
  @ApiOkResponse({ type: ApiKeyDto, description: 'The key without its secret' })
  @ApiProblems(404)
  async getApiKey(@CurrentPrincipal() principal: Principal, @Param('id', new IdPipe('API key')) id: string): Promise<ApiKeyDto> {
    return toApiKeyDto(await this.service.get(principal, id));
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @Endpoint({
    access: 'keys.manage',
    operationId: 'rotateApiKey',
    summary: 'Give an API key a new secret',
    description: 'The old secret is refused from then on. To keep both for a while, create a second key instead.',
  })
  @Idempotent({ secretReply: true })
  @ApiOkResponse({ type: IssuedApiKeyDto, description: 'The key with its new secret' })
  @ApiProblems(400, 404, 409)
  async rotateApiKey(@CurrentPrincipal() principal: Principal, @Param('id', new IdPipe('API key')) id: string): Promise<IssuedApiKeyDto> {
    return withSecret(await this.service.rotate(principal, id));
  }

  @Delete(':id')
  @HttpCode(204)
  @Endpoint({ access: 'keys.manage', operationId: 'revokeApiKey', summary: 'Revoke an API key' })
  @ApiNoContentResponse({ description: 'It is refused from now on' })
  @ApiProblems(404, 409)
  revokeApiKey(@CurrentPrincipal() principal: Principal, @Param('id', new IdPipe('API key')) id: string): Promise<void> {
    return this.service.revoke(principal, id);
  }
}

function withSecret({ entity, secret }: IssuedKey): IssuedApiKeyDto {
  return { ...toApiKeyDto(entity), key: secret };
}
