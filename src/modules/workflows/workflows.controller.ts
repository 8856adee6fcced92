import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiExtraModels,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiParam,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Response } from 'express';
import type { GraphFormat } from '../../engine/graph/index.js';
import type { Json } from '../../engine/model/json.js';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { Consumes } from '../../platform/http/body.guard.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import { ApiPage, type Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { DEFINITION_BODY } from './dto/definition-body.js';
import { GraphDto } from './dto/graph.dto.js';
import { ListWorkflowsQueryDto } from './dto/list-workflows.dto.js';
import { ValidateStoredDto, ValidationDto } from './dto/validation.dto.js';
import { GraphQueryDto, VersionQueryDto } from './dto/version-query.dto.js';
import { StoredWorkflowDto, WorkflowDetailDto, WorkflowDto, WorkflowVersionDto } from './dto/workflow.dto.js';
import { type DefinitionBody, WorkflowsService } from './workflows.service.js';

const Ref = ApiParam({
  name: 'ref',
  description: 'Id of the workflow, or its name, URL-encoded: `demo%2Forders`',
  example: 'demo%2Forders',
});
const MEDIA_TYPES: Readonly<Record<GraphFormat, string>> = {
  json: 'application/json; charset=utf-8',
  mermaid: 'text/vnd.mermaid; charset=utf-8',
  dot: 'text/vnd.graphviz; charset=utf-8',
};

@ApiTags('workflows')
@Controller('workflows')
export class WorkflowsController {
  constructor(private readonly service: WorkflowsService) {}

  @Post()
  @Endpoint({
    access: 'workflows.write',
    operationId: 'createWorkflow',
    summary: 'Store a workflow',
    description:
      'A new name makes version 1, changed content the next version. Content that is the latest version already is answered with 200 and makes none.',
  })
  @Idempotent()
  @Consumes('json', 'yaml')
  @ApiBody(DEFINITION_BODY)
  @ApiCreatedResponse({ type: StoredWorkflowDto, description: 'The new version' })
  @ApiOkResponse({ type: StoredWorkflowDto, description: 'The version that has this content already' })
  @ApiProblems(400, 409, 413, 415, 422)
  async createWorkflow(
    @CurrentPrincipal() principal: Principal,
    @Body() body: unknown,
    @Headers('content-type') contentType: string | undefined,
    @ReservedId() reservedId: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<StoredWorkflowDto> {
    const { workflow, created } = await this.service.create(principal, toDefinitionBody(body, contentType), reservedId);
    response.status(created ? 201 : 200).setHeader('Location', `/api/v1/workflows/${workflow.id}`);
    return workflow;
  }

  @Get()
  @Endpoint({ access: 'workflows.read', operationId: 'listWorkflows', summary: 'List workflows, newest first' })
  @ApiPage(WorkflowDto)
  @ApiProblems(400, 422)
  listWorkflows(@CurrentPrincipal() principal: Principal, @Query() query: ListWorkflowsQueryDto): Promise<Page<WorkflowDto>> {
    return this.service.list(principal, query);
  }

  @Post('validate')
  @HttpCode(200)
  @Endpoint({
    access: 'workflows.read',
    operationId: 'validateDefinition',
    summary: 'Check a definition without storing it',
    description: 'Finds every error at once.',
  })
  @Consumes('json', 'yaml')
  @ApiBody(DEFINITION_BODY)
  @ApiOkResponse({ type: ValidationDto, description: 'What is wrong with it, if anything' })
  @ApiProblems(400, 413, 415)
  validateDefinition(@Body() body: unknown, @Headers('content-type') contentType: string | undefined): ValidationDto {
    return this.service.validate(toDefinitionBody(body, contentType));
  }

  @Get(':ref')
  @Endpoint({ access: 'workflows.read', operationId: 'getWorkflow', summary: 'Read a workflow with its definition' })
  @Ref
  @ApiOkResponse({ type: WorkflowDetailDto })
  @ApiProblems(404, 422)
  getWorkflow(
    @CurrentPrincipal() principal: Principal,
    @Param('ref') ref: string,
    @Query() { version }: VersionQueryDto,
  ): Promise<WorkflowDetailDto> {
    return this.service.get(principal, ref, version);
  }

  @Delete(':ref')
  @HttpCode(204)
  @Endpoint({
    access: 'workflows.delete',
    operationId: 'deleteWorkflow',
    summary: 'Delete a workflow',
    description: 'No run of it can be started any more. Its runs stay, and those under way go on. Its name is free again.',
  })
  @Ref
  @ApiNoContentResponse({ description: 'It is deleted' })
  @ApiProblems(404)
  deleteWorkflow(@CurrentPrincipal() principal: Principal, @Param('ref') ref: string): Promise<void> {
    return this.service.delete(principal, ref);
  }

  @Get(':ref/versions')
  @Endpoint({ access: 'workflows.read', operationId: 'listWorkflowVersions', summary: 'List the versions of a workflow, newest first' })
  @Ref
  @ApiPage(WorkflowVersionDto)
  @ApiProblems(400, 404, 422)
  listWorkflowVersions(
    @CurrentPrincipal() principal: Principal,
    @Param('ref') ref: string,
    @Query() query: PageQueryDto,
  ): Promise<Page<WorkflowVersionDto>> {
    return this.service.listVersions(principal, ref, query);
  }

  @Post(':ref/validate')
  @HttpCode(200)
  @Endpoint({
    access: 'workflows.read',
    operationId: 'validateWorkflow',
    summary: 'Check a stored workflow, and inputs for it',
    description: 'Checks the definition against the node types this server has today, and `inputs` against its schema.',
  })
  @Ref
  @ApiBody({ type: ValidateStoredDto, required: false })
  @ApiOkResponse({ type: ValidationDto, description: 'What is wrong, if anything; faults of inputs are under `/inputs`' })
  @ApiProblems(400, 404, 413, 415, 422)
  validateWorkflow(
    @CurrentPrincipal() principal: Principal,
    @Param('ref') ref: string,
    @Query() { version }: VersionQueryDto,
    @Body() { inputs }: ValidateStoredDto,
  ): Promise<ValidationDto> {
    return this.service.validateStored(principal, ref, version, inputs);
  }

  @Get(':ref/graph')
  @Endpoint({ access: 'workflows.read', operationId: 'getWorkflowGraph', summary: 'Show the graph of a workflow as JSON, Mermaid or DOT' })
  @Ref
  @ApiExtraModels(GraphDto)
  @ApiOkResponse({
    description: 'The graph',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(GraphDto) } },
      'text/vnd.mermaid': { schema: { type: 'string' }, example: 'flowchart TD\n  n0["fetch<br/>http.request"]\n' },
      'text/vnd.graphviz': { schema: { type: 'string' }, example: 'digraph workflow {\n  "fetch" [label="fetch\\nhttp.request"];\n}\n' },
    },
  })
  @ApiProblems(404, 422)
  async getWorkflowGraph(
    @CurrentPrincipal() principal: Principal,
    @Param('ref') ref: string,
    @Query() { version, format }: GraphQueryDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<GraphDto | string> {
    const graph = await this.service.graph(principal, ref, version, format);
    response.setHeader('Content-Type', MEDIA_TYPES[format]);
    return graph as GraphDto | string;
  }
}

function toDefinitionBody(body: unknown, contentType = ''): DefinitionBody {
  if (typeof body === 'string' && /yaml/i.test(contentType)) return { yaml: body };
  return { json: (body ?? null) as Json };
}
