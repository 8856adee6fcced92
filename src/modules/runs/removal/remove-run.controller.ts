import { Controller, Delete, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../platform/http/api-problems.js';
import { CurrentPrincipal, Endpoint } from '../../../platform/http/endpoint.decorator.js';
import { IdPipe } from '../../../platform/http/id.pipe.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { RemoveRunService } from './remove-run.service.js';

@ApiTags('runs')
@Controller('runs/:id')
export class RemoveRunController {
  constructor(private readonly service: RemoveRunService) {}

  @Delete()
  @HttpCode(204)
  @Endpoint({
    access: 'runs.delete',
    operationId: 'deleteRun',
    summary: 'Delete a run that is over',
    description:
      'With its events, approvals, signals and artifacts. 409 while it is not over, while its parent is not, while a run that was resumed ' +
      'from it is there, and while a webhook or a trigger has not been told of all its events.',
  })
  @ApiNoContentResponse({ description: 'It is gone' })
  @ApiProblems(404, 409)
  async deleteRun(@CurrentPrincipal() principal: Principal, @Param('id', new IdPipe('run')) id: string): Promise<void> {
    await this.service.remove(principal.tenant, id);
  }
}
