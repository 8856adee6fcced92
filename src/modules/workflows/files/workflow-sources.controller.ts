import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, Endpoint } from '../../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { DEFAULT_TENANT } from '../../auth/index.js';
import { toWorkflowSourceDto, WorkflowSourcesDto } from './dto/workflow-source.dto.js';
import { WorkflowFilesService } from './workflow-files.service.js';

@ApiTags('workflows')
@Controller('workflows/sources')
export class WorkflowSourcesController {
  constructor(private readonly service: WorkflowFilesService) {}

  @Get()
  @Endpoint({
    access: 'workflows.read',
    operationId: 'listWorkflowSources',
    summary: 'List the directories that workflows are loaded from, with the files that could not be',
    description: 'As the node that answers finds them. They belong to the tenant `default`.',
  })
  @ApiOkResponse({ type: WorkflowSourcesDto })
  listWorkflowSources(@CurrentPrincipal() { tenant }: Principal): WorkflowSourcesDto {
    return { data: tenant === DEFAULT_TENANT ? this.service.states().map(toWorkflowSourceDto) : [], next_cursor: null };
  }
}
