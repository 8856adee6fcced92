import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { CollectionsService } from '../../modules/rag/index.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { everyPage, objectOf, orInstead, STRING } from '../kit/index.js';
import { pipelineNotFound } from './errors.js';
import { collectionOf, pipelineDocument, pipelineItem } from './pipeline-documents.js';
import { AstromeshPipelineDto } from './pipeline.dto.js';
import { oneOf, PIPELINE, PIPELINES } from './schemas.js';

/** Pipelines are collections: what is created here is what `rag/ingest` fills. */
@ApiTags('RAG')
@Controller('compat/astromesh/v1/rag/pipelines')
export class AstromeshPipelinesController {
  constructor(private readonly collections: CollectionsService) {}

  @Get()
  @Endpoint({ access: 'rag.read', operationId: 'listPipelines', summary: 'List pipelines' })
  @ApiOkResponse({ schema: PIPELINES })
  async listPipelines(@CurrentPrincipal() principal: Principal): Promise<object> {
    const all = await everyPage((page) => this.collections.list(principal, page));
    return { pipelines: all.map(pipelineItem) };
  }

  @Post()
  @Endpoint({ access: 'rag.write', operationId: 'createPipeline', summary: 'Create a pipeline' })
  @ApiCreatedResponse({ schema: objectOf({ name: STRING, status: oneOf('created') }) })
  async createPipeline(@CurrentPrincipal() principal: Principal, @Body() body: AstromeshPipelineDto): Promise<object> {
    const { name } = await this.collections.create(principal, collectionOf(body));
    return { name, status: 'created' };
  }

  @Get(':name')
  @Endpoint({ access: 'rag.read', operationId: 'getPipeline', summary: 'Get a pipeline' })
  @ApiOkResponse({ schema: PIPELINE })
  async getPipeline(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<object> {
    return pipelineDocument(await orInstead(this.collections.get(principal, name), pipelineNotFound(name)));
  }

  @Delete(':name')
  @Endpoint({ access: 'rag.write', operationId: 'removePipeline', summary: 'Remove a pipeline with all that is in it' })
  @ApiOkResponse({ schema: objectOf({ name: STRING, status: oneOf('removed') }) })
  async removePipeline(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<object> {
    await orInstead(this.collections.delete(principal, name), pipelineNotFound(name));
    return { name, status: 'removed' };
  }
}
