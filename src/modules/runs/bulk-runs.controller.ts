import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { UnprocessableError } from '../../platform/errors/app-error.js';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { type BulkRequest, BulkRunsService } from './bulk-runs.service.js';
import { BulkCancelDto, BulkRunsDto, BulkRunsResultDto } from './dto/bulk-runs.dto.js';
import { toRunSelection } from './dto/list-runs.dto.js';

const DEFAULT_LIMIT = 100;

@ApiTags('runs')
@Controller('runs/bulk')
export class BulkRunsController {
  constructor(private readonly bulk: BulkRunsService) {}

  @Post('cancel')
  @HttpCode(200)
  @Endpoint({
    access: 'runs.cancel',
    operationId: 'cancelRuns',
    summary: 'Cancel the runs that match a filter',
    description: 'With `dry_run` nothing is changed. Each run is told for itself.',
  })
  @ApiOkResponse({ type: BulkRunsResultDto, description: 'What became of each run' })
  @ApiProblems(400, 413, 415, 422)
  cancelRuns(@CurrentPrincipal() principal: Principal, @Body() body: BulkCancelDto): Promise<BulkRunsResultDto> {
    return this.bulk.cancel(requestOf(principal, body), body.reason ?? null);
  }

  @Post('resume')
  @HttpCode(200)
  @Endpoint({
    access: 'runs.create',
    operationId: 'resumeRuns',
    summary: 'Resume the failed and cancelled runs that match a filter',
    description: 'Each as a new run that does again what did not succeed. With `dry_run` nothing is changed.',
  })
  @ApiOkResponse({ type: BulkRunsResultDto, description: 'What became of each run' })
  @ApiProblems(400, 413, 415, 422)
  resumeRuns(@CurrentPrincipal() principal: Principal, @Body() body: BulkRunsDto): Promise<BulkRunsResultDto> {
    return this.bulk.resume(requestOf(principal, body));
  }
}

function requestOf(principal: Principal, body: BulkRunsDto): BulkRequest {
  const { status, ...narrowing } = body.filter;
  if (Object.values(narrowing).every((value) => value === undefined)) {
    const message = 'must hold a workflow, tag, trigger, since or until';
    throw new UnprocessableError('an empty filter would mean every run', [{ path: '/filter', code: 'required', message }]);
  }
  return {
    selection: toRunSelection(principal.tenant, narrowing),
    statuses: status ?? [],
    dryRun: body.dry_run ?? false,
    limit: body.limit ?? DEFAULT_LIMIT,
  };
}
