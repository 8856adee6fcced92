import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { WorkflowSourceState } from '../../../modules/workflows/index.js';
import { AppError } from '../../../platform/errors/app-error.js';
import { CurrentPrincipal, Endpoint } from '../../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { sourceName } from '../job-views.js';
import { SOURCE_TYPE, sourceView } from './job-views.js';
import { RootJobs } from './jobs.service.js';
import { sourceNotFound } from './problems.js';
import { ROOT_SOURCE, ROOT_SOURCES } from './schemas.js';

const Name = ApiParam({ name: 'name', example: 'local-fs' });
const NotHere = ApiResponse({ status: 501, description: 'The operator mounts directories (`HEDDLE_WORKFLOWS_DIR`), nobody else' });
/** As the document of flwd calls local directories. */
const ALIAS = 'fs';

@ApiTags('Root: sources')
@Controller('compat/flwd/sources')
export class RootSourcesController {
  constructor(private readonly jobs: RootJobs) {}

  @Get()
  @Endpoint({ access: 'workflows.read', operationId: 'rootListSources', summary: 'List the directories that jobs are loaded from' })
  @ApiOkResponse({ schema: ROOT_SOURCES })
  listSources(@CurrentPrincipal() { tenant }: Principal): object[] {
    return this.jobs.sources(tenant).map(sourceView);
  }

  @Get(':name')
  @Endpoint({ access: 'workflows.read', operationId: 'rootGetSource', summary: 'Get a source' })
  @Name
  @ApiOkResponse({ schema: ROOT_SOURCE })
  getSource(@CurrentPrincipal() { tenant }: Principal, @Param('name') name: string): object {
    return sourceView(this.find(tenant, name));
  }

  @Post()
  @HttpCode(200)
  @Endpoint({
    access: 'system.manage',
    operationId: 'rootPutSource',
    summary: 'Ask for a source that there is already',
    description:
      'Scripts of a source run as the server’s user, so only the operator adds one. What is there as it is asked for is answered.',
  })
  @ApiBody({ schema: ROOT_SOURCE })
  @ApiOkResponse({ schema: ROOT_SOURCE })
  @NotHere
  putSource(@CurrentPrincipal() { tenant }: Principal, @Body() body: Record<string, unknown>): object {
    const { name, type, ref, path = ref } = body;
    const source = this.jobs.sources(tenant).find((each) => sourceName(each.source) === name && each.path === path);
    if (source === undefined || (type !== SOURCE_TYPE && type !== ALIAS)) throw operatorsOnly();
    return sourceView(source);
  }

  @Delete(':name')
  @HttpCode(204)
  @Endpoint({ access: 'system.manage', operationId: 'rootDeleteSource', summary: 'Remove a source: only the operator can' })
  @Name
  @NotHere
  deleteSource(@CurrentPrincipal() { tenant }: Principal, @Param('name') name: string): never {
    this.find(tenant, name);
    throw operatorsOnly();
  }

  private find(tenant: string, name: string): WorkflowSourceState {
    const source = this.jobs.sources(tenant).find((each) => sourceName(each.source) === name);
    if (source === undefined) throw sourceNotFound(name);
    return source;
  }
}

function operatorsOnly(): AppError {
  const detail = 'sources are directories that the operator names in HEDDLE_WORKFLOWS_DIR; they are neither added nor removed by API';
  return new AppError(501, 'not_implemented', detail, { logLevel: 'debug' });
}
