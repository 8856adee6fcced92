import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiNotFoundResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { callerSignal } from '../../platform/http/caller-signal.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import type { Schema } from '../kit/index.js';
import { readInputs } from './bodies.js';
import type { FlowEngineWorkflow } from './definition.js';
import { EXECUTE_BODY, WORKFLOW_BODY } from './definition-schema.js';
import { type Executed, FlowEngineExecutions } from './executions.service.js';
import type { WorkflowItem } from './from-native.js';
import { listOf } from '../kit/index.js';
import { CREATED, DELETED, ERROR, EXECUTED, WORKFLOW, WORKFLOW_ITEM } from './schemas.js';
import { FlowEngineWorkflows } from './workflows.service.js';

const Id = ApiParam({ name: 'id', example: '550e8400-e29b-41d4-a716-446655440000' });
const NotFound = ApiNotFoundResponse({ schema: ERROR });

@ApiTags('Workflows')
@Controller('compat/flowengine/api/workflows')
export class FlowEngineWorkflowsController {
  constructor(
    private readonly workflows: FlowEngineWorkflows,
    private readonly executions: FlowEngineExecutions,
  ) {}

  @Get()
  @Endpoint({ access: 'workflows.read', operationId: 'listWorkflows', summary: 'List workflows' })
  @ApiOkResponse({ schema: listOf(WORKFLOW_ITEM) })
  listWorkflows(@CurrentPrincipal() principal: Principal): Promise<WorkflowItem[]> {
    return this.workflows.list(principal);
  }

  @Post()
  @Endpoint({ access: 'workflows.write', operationId: 'createWorkflow', summary: 'Store a workflow under its id' })
  @Idempotent()
  @ApiBody({ schema: WORKFLOW_BODY as Schema })
  @ApiCreatedResponse({ schema: CREATED })
  async createWorkflow(
    @CurrentPrincipal() principal: Principal,
    @Body() body: unknown,
    @ReservedId() reservedId: string | undefined,
  ): Promise<object> {
    return { id: await this.workflows.store(principal, body, reservedId), message: 'Workflow created successfully' };
  }

  @Get(':id')
  @Endpoint({ access: 'workflows.read', operationId: 'getWorkflow', summary: 'Get a workflow' })
  @Id
  @ApiOkResponse({ schema: WORKFLOW })
  @NotFound
  getWorkflow(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<FlowEngineWorkflow> {
    return this.workflows.get(principal, id);
  }

  @Delete(':id')
  @Endpoint({ access: 'workflows.delete', operationId: 'deleteWorkflow', summary: 'Delete a workflow' })
  @Id
  @ApiOkResponse({ schema: DELETED })
  @NotFound
  async deleteWorkflow(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<object> {
    await this.workflows.delete(principal, id);
    return { message: 'Workflow deleted successfully' };
  }

  @Post(':id/execute')
  @HttpCode(200)
  @Endpoint({
    access: 'runs.create',
    operationId: 'executeWorkflow',
    summary: 'Execute a workflow, and answer when it is over',
    description: 'The execution goes on when the caller does not wait.',
  })
  @Idempotent()
  @Id
  @ApiBody({ schema: EXECUTE_BODY as Schema })
  @ApiOkResponse({ schema: EXECUTED })
  @NotFound
  async executeWorkflow(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: unknown,
    @ReservedId() reservedId: string | undefined,
    @Req() { drain }: EdgeRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Executed> {
    const inputs = readInputs(body);
    const workflow = await this.workflows.find(principal, id);
    return this.executions.execute(principal, workflow.id, inputs, callerSignal(response, drain), reservedId);
  }
}
