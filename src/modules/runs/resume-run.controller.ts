import { Body, Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { IdPipe } from '../../platform/http/id.pipe.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { ResumeRunDto } from './dto/resume-run.dto.js';
import { RunDto } from './dto/run.dto.js';
import { ResumeRunService } from './resume-run.service.js';

@ApiTags('runs')
@Controller('runs')
export class ResumeRunController {
  constructor(private readonly resumer: ResumeRunService) {}

  @Post(':id/resume')
  @HttpCode(202)
  @Endpoint({
    access: 'runs.create',
    operationId: 'resumeRun',
    summary: 'Go on with a run that is over, as a new run',
    description: 'The new run keeps the results of finished steps and does not execute them again; `resumed_from` names the old one.',
  })
  @Idempotent()
  @ApiAcceptedResponse({ type: RunDto, description: 'The new run' })
  @ApiProblems(400, 404, 409, 413, 415, 422)
  async resumeRun(
    @CurrentPrincipal() principal: Principal,
    @Param('id', new IdPipe('run')) runId: string,
    @Body() body: ResumeRunDto,
    @ReservedId() reservedId: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunDto> {
    const run = await this.resumer.resume({
      tenant: principal.tenant,
      keyId: principal.keyId,
      runId,
      fromStep: body.from_step ?? null,
      inputOverrides: body.input_overrides ?? {},
      version: body.version,
      id: reservedId,
    });
    response.setHeader('Location', `/api/v1/runs/${run.id}`);
    return run;
  }
}
