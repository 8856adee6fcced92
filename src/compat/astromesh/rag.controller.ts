import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { callerSignal } from '../../platform/http/caller-signal.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { AstromeshIngestDto, AstromeshQueryDto } from './astromesh.dto.js';
import { AstromeshRag } from './rag.service.js';
import { FOUND_CHUNKS, INGESTED } from './schemas.js';

@ApiTags('RAG')
@Controller('compat/astromesh/v1/rag')
export class AstromeshRagController {
  constructor(private readonly rag: AstromeshRag) {}

  @Post('ingest')
  @HttpCode(200)
  @Endpoint({
    access: 'rag.write',
    operationId: 'ingest',
    summary: 'Ingest documents into a collection',
    description: 'A collection that is not there is made, with the model for vectors that ships with the server.',
  })
  @ApiOkResponse({ schema: INGESTED })
  ingest(
    @CurrentPrincipal() principal: Principal,
    @Body() body: AstromeshIngestDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    return this.rag.ingest(principal, body, callerSignal(response));
  }

  @Post('query')
  @HttpCode(200)
  @Endpoint({ access: 'rag.read', operationId: 'query', summary: 'Query a collection' })
  @ApiOkResponse({ schema: FOUND_CHUNKS })
  query(
    @CurrentPrincipal() principal: Principal,
    @Body() body: AstromeshQueryDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    return this.rag.query(principal, body, callerSignal(response));
  }
}
