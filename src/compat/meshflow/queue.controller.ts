import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { PushMeshTaskDto } from './meshflow.dto.js';
import { MeshQueue } from './queue.service.js';
import { CANCELLED_TASK, PUSHED, QUEUE_STATS, TASK } from './schemas.js';

const TaskId = ApiParam({ name: 'task_id', format: 'uuid' });

@ApiTags('Queue')
@Controller('compat/meshflow/queue')
export class MeshQueueController {
  constructor(private readonly queue: MeshQueue) {}

  @Get('status')
  @Endpoint({ access: 'runs.read', operationId: 'getQueueStatus', summary: 'How many tasks there are, by status' })
  @ApiOkResponse({ schema: QUEUE_STATS })
  getStatus(@CurrentPrincipal() principal: Principal): Promise<object> {
    return this.queue.stats(principal);
  }

  @Post('push')
  @Endpoint({ access: 'runs.create', operationId: 'pushTask', summary: 'Queue a task' })
  @Idempotent()
  @ApiBody({ type: PushMeshTaskDto })
  @ApiCreatedResponse({ schema: PUSHED })
  async push(
    @CurrentPrincipal() principal: Principal,
    @Body() body: PushMeshTaskDto,
    @ReservedId() id: string | undefined,
  ): Promise<object> {
    return { task_id: await this.queue.push(principal, body, id), status: 'pending' };
  }

  @Get(':task_id')
  @Endpoint({ access: 'runs.read', operationId: 'getTask', summary: 'Get a task' })
  @TaskId
  @ApiOkResponse({ schema: TASK })
  getTask(@CurrentPrincipal() principal: Principal, @Param('task_id') id: string): Promise<object> {
    return this.queue.get(principal, id);
  }

  @Delete(':task_id/cancel')
  @HttpCode(200)
  @Endpoint({ access: 'runs.cancel', operationId: 'cancelTask', summary: 'Cancel a task that is not over' })
  @TaskId
  @ApiOkResponse({ schema: CANCELLED_TASK })
  cancel(@CurrentPrincipal() principal: Principal, @Param('task_id') id: string): Promise<object> {
    return this.queue.cancel(principal, id);
  }
}
