import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { decodeCursor, encodeCursor, isUuid } from '../../platform/http/cursor.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { IdPipe } from '../../platform/http/id.pipe.js';
import { ApiPage, type Page, pageOf, type PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import type { Artifact } from './artifact.js';
import { ArtifactsService } from './artifacts.service.js';
import { ArtifactDto, ListArtifactsQueryDto, ListRunArtifactsQueryDto, toArtifact } from './dto/artifact.dto.js';
import { selectionOf, sendContent, sendHead } from './file-answer.js';

const FILE = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } as const;

@ApiTags('artifacts')
@Controller()
export class ArtifactsController {
  constructor(
    private readonly artifacts: ArtifactsService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Get('artifacts')
  @Endpoint({ access: 'runs.read', operationId: 'listArtifacts', summary: 'List the files that runs left, newest first' })
  @ApiPage(ArtifactDto)
  @ApiProblems(400, 422)
  async listArtifacts(@CurrentPrincipal() principal: Principal, @Query() query: ListArtifactsQueryDto): Promise<Page<ArtifactDto>> {
    const filter = { tenant: principal.tenant, runId: query.run_id, step: query.step };
    return pageOfArtifacts(await this.artifacts.list(filter, positionOf(query)), query);
  }

  @Get('runs/:id/artifacts')
  @Endpoint({ access: 'runs.read', operationId: 'listRunArtifacts', summary: 'List the files that a run left, newest first' })
  @ApiPage(ArtifactDto)
  @ApiProblems(400, 404, 422)
  async listRunArtifacts(
    @CurrentPrincipal() principal: Principal,
    @Param('id', new IdPipe('run')) runId: string,
    @Query() query: ListRunArtifactsQueryDto,
  ): Promise<Page<ArtifactDto>> {
    return pageOfArtifacts(await this.artifacts.listOfRun(principal.tenant, runId, positionOf(query)), query);
  }

  @Get('artifacts/:id/metadata')
  @Endpoint({ access: 'runs.read', operationId: 'getArtifactMetadata', summary: 'Read what is known of a file' })
  @ApiOkResponse({ type: ArtifactDto, description: 'Everything but the content' })
  @ApiProblems(404)
  async getArtifactMetadata(
    @CurrentPrincipal() principal: Principal,
    @Param('id', new IdPipe('artifact')) id: string,
  ): Promise<ArtifactDto> {
    return toArtifact(await this.artifacts.get(principal.tenant, id));
  }

  @Get('artifacts/:id')
  @Endpoint({
    access: 'runs.read',
    operationId: 'downloadArtifact',
    summary: 'Download a file',
    description:
      'The file itself under its media type, as an attachment. Answers `HEAD`, `If-None-Match`, and one `Range` of bytes (also with `If-Range`); ' +
      'several ranges are answered with the whole file.',
  })
  @ApiHeader({ name: 'Range', required: false, description: 'One range of bytes: `bytes=0-1023`, `bytes=1024-`, `bytes=-512`' })
  @ApiHeader({ name: 'If-None-Match', required: false, description: 'ETags that the client has' })
  @ApiProduces('application/octet-stream')
  @ApiResponse({ status: 200, description: 'The whole file', content: FILE })
  @ApiResponse({ status: 206, description: 'The range', content: FILE })
  @ApiResponse({ status: 304, description: 'The client has it already' })
  @ApiProblems(404, 416)
  async downloadArtifact(
    @CurrentPrincipal() principal: Principal,
    @Param('id', new IdPipe('artifact')) id: string,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const artifact = await this.artifacts.get(principal.tenant, id);
    const selection = selectionOf(request, response, artifact);
    if (selection.kind === 'unmodified' || request.method === 'HEAD') {
      sendHead(response, artifact, selection);
      response.end();
      return;
    }
    const content = await this.artifacts.open(artifact, selection.range);
    sendHead(response, artifact, selection);
    await sendContent(response, content).catch((error: unknown) => {
      this.logger.error({ err: error, artifact: id, request_id: request.id }, 'an artifact could not be read to its end');
    });
  }
}

function positionOf({ limit, cursor }: PageQueryDto): { before: string | null; limit: number } {
  return { before: cursor === undefined ? null : decodeCursor(cursor, isUuid), limit: limit + 1 };
}

function pageOfArtifacts(artifacts: readonly Artifact[], { limit }: PageQueryDto): Page<ArtifactDto> {
  return pageOf(artifacts, limit, toArtifact, ({ id }) => encodeCursor(id));
}
