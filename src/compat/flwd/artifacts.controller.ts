import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type Artifact, ArtifactsService, selectionOf, sendContent, sendHead } from '../../modules/artifacts/index.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import { listOf, objectOf, orInstead } from '../kit/index.js';
import { ListFlwdArtifactsDto } from './flwd.dto.js';
import { flwdId, idOf } from './ids.js';
import { artifactNotFound, runNotFound } from './problems.js';
import { ARTIFACT } from './schemas.js';

@ApiTags('Artifacts')
@Controller('compat/flwd/api/v1/artifacts')
export class FlwdArtifactsController {
  constructor(
    private readonly artifacts: ArtifactsService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Get()
  @Endpoint({ access: 'runs.read', operationId: 'listArtifacts', summary: 'List artifacts, newest first' })
  @ApiOkResponse({ schema: objectOf({ artifacts: listOf(ARTIFACT) }) })
  async listArtifacts(@CurrentPrincipal() { tenant }: Principal, @Query() { run_id: run, limit }: ListFlwdArtifactsDto): Promise<object> {
    const artifacts = await this.select(tenant, run, { before: null, limit });
    return { artifacts: artifacts.map(artifactItem) };
  }

  @Get(':artifact_id')
  @Endpoint({ access: 'runs.read', operationId: 'getArtifact', summary: 'Download an artifact' })
  @ApiParam({ name: 'artifact_id', example: 'artifact_01HM6C7Q9S0000000000000000' })
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({ schema: { type: 'string', format: 'binary' } })
  async getArtifact(
    @CurrentPrincipal() { tenant }: Principal,
    @Param('artifact_id') id: string,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const ours = idOf('artifact', id);
    if (ours === null) throw artifactNotFound(id);
    const artifact = await orInstead(this.artifacts.get(tenant, ours), artifactNotFound(id));
    const selection = selectionOf(request, response, artifact);
    if (selection.kind === 'unmodified' || request.method === 'HEAD') {
      sendHead(response, artifact, selection);
      response.end();
      return;
    }
    const content = await this.artifacts.open(artifact, selection.range);
    sendHead(response, artifact, selection);
    await sendContent(response, content).catch((error: unknown) => {
      this.logger.error({ err: error, artifact: ours, request_id: request.id }, 'an artifact could not be read to its end');
    });
  }

  private async select(tenant: string, run: string | undefined, page: { before: null; limit: number }): Promise<Artifact[]> {
    if (run === undefined) return this.artifacts.list({ tenant }, page);
    const runId = idOf('run', run);
    if (runId === null) throw runNotFound(run);
    return orInstead(this.artifacts.listOfRun(tenant, runId, page), runNotFound(run));
  }
}

function artifactItem({ id, runId, name, mediaType, size, createdAt }: Artifact): object {
  return {
    id: flwdId('artifact', id),
    run_id: flwdId('run', runId),
    name,
    path: `/workspace/${name}`,
    media_type: mediaType,
    size_bytes: size,
    created_at: createdAt.toISOString(),
  };
}
