import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { RunAwfDto } from './awf.dto.js';
import { listOf } from '../kit/index.js';
import { ACCEPTED, bodyOf, ERRORS, WORKFLOW, WORKFLOW_DETAIL } from './schemas.js';
import { scopedName } from './workflow-names.js';
import { AwfWorkflows } from './workflows.service.js';

const Name = ApiParam({ name: 'name', example: 'code-review' });
const Scope = ApiParam({ name: 'scope', description: '`local`, `global`, `env`, or a pack', example: 'local' });

@ApiTags('Workflows')
@Controller('compat/awf/api/workflows')
export class AwfWorkflowsController {
  constructor(private readonly workflows: AwfWorkflows) {}

  @Get()
  @Endpoint({ access: 'workflows.read', operationId: 'list-workflows', summary: 'List workflows' })
  @ApiOkResponse({ schema: bodyOf({ workflows: listOf(WORKFLOW) }) })
  async listWorkflows(@CurrentPrincipal() principal: Principal): Promise<object> {
    return { body: { workflows: await this.workflows.list(principal) } };
  }

  @Get(':name')
  @Endpoint({ access: 'workflows.read', operationId: 'get-workflow', summary: 'Get a workflow' })
  @Name
  @ApiOkResponse({ schema: bodyOf(WORKFLOW_DETAIL) })
  async getWorkflow(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<object> {
    return { body: await this.workflows.get(principal, name) };
  }

  @Get(':scope/:name')
  @Endpoint({ access: 'workflows.read', operationId: 'get-scoped-workflow', summary: 'Get a workflow of a scope' })
  @Scope
  @Name
  @ApiOkResponse({ schema: bodyOf(WORKFLOW_DETAIL) })
  getScopedWorkflow(@CurrentPrincipal() principal: Principal, @Param('scope') scope: string, @Param('name') name: string): Promise<object> {
    return this.getWorkflow(principal, scopedName(scope, name));
  }

  @Post(':name/validate')
  @HttpCode(200)
  @Endpoint({ access: 'workflows.read', operationId: 'validate-workflow', summary: 'Validate a workflow' })
  @Name
  @ApiOkResponse({ schema: bodyOf({ errors: ERRORS }) })
  async validateWorkflow(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<object> {
    return { body: { errors: await this.workflows.validate(principal, name) } };
  }

  @Post(':scope/:name/validate')
  @HttpCode(200)
  @Endpoint({ access: 'workflows.read', operationId: 'validate-scoped-workflow', summary: 'Validate a workflow of a scope' })
  @Scope
  @Name
  @ApiOkResponse({ schema: bodyOf({ errors: ERRORS }) })
  validateScopedWorkflow(
    @CurrentPrincipal() principal: Principal,
    @Param('scope') scope: string,
    @Param('name') name: string,
  ): Promise<object> {
    return this.validateWorkflow(principal, scopedName(scope, name));
  }

  @Post(':name/run')
  @HttpCode(202)
  @Endpoint({ access: 'runs.create', operationId: 'run-workflow', summary: 'Run a workflow' })
  @Idempotent()
  @Name
  @ApiBody({ type: RunAwfDto })
  @ApiAcceptedResponse({ schema: bodyOf(ACCEPTED) })
  async runWorkflow(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Body() body: RunAwfDto,
    @ReservedId() reservedId: string | undefined,
  ): Promise<object> {
    const { id } = await this.workflows.run(principal, name, body.inputs, reservedId);
    return { body: { execution_id: id, status: 'accepted' } };
  }

  @Post(':scope/:name/run')
  @HttpCode(202)
  @Endpoint({ access: 'runs.create', operationId: 'run-scoped-workflow', summary: 'Run a workflow of a scope' })
  @Idempotent()
  @Scope
  @Name
  @ApiBody({ type: RunAwfDto })
  @ApiAcceptedResponse({ schema: bodyOf(ACCEPTED) })
  runScopedWorkflow(
    @CurrentPrincipal() principal: Principal,
    @Param('scope') scope: string,
    @Param('name') name: string,
    @Body() body: RunAwfDto,
    @ReservedId() reservedId: string | undefined,
  ): Promise<object> {
    return this.runWorkflow(principal, scopedName(scope, name), body, reservedId);
  }
}
