import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Json } from '../../engine/index.js';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { IdPipe } from '../../platform/http/id.pipe.js';
import { Idempotent } from '../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { ANY_JSON } from '../runs/index.js';
import { SignalAcceptedDto } from './dto/signal.dto.js';
import { SignalsService } from './signals.service.js';

@ApiTags('runs')
@Controller('runs')
export class RunSignalsController {
  constructor(private readonly signals: SignalsService) {}

  @Post(':id/signals/:name')
  @HttpCode(202)
  @Endpoint({
    access: 'runs.signal',
    operationId: 'signalRun',
    summary: 'Send a signal to a run',
    description: 'Any JSON, for a `control.wait` of that name. A signal that comes before its wait is kept for it; each is taken once.',
  })
  @Idempotent()
  @ApiParam({ name: 'name', description: 'What the waiting step waits for', example: 'payment-received' })
  @ApiBody({
    required: false,
    description: 'The payload; null without a body',
    schema: { ...ANY_JSON, nullable: true, example: { amount: 120 } },
  })
  @ApiAcceptedResponse({ type: SignalAcceptedDto, description: 'Kept for the run' })
  @ApiProblems(400, 403, 404, 409, 413, 415, 422)
  async signalRun(
    @CurrentPrincipal() principal: Principal,
    @Param('id', new IdPipe('run')) id: string,
    @Param('name') name: string,
    @Body() payload: unknown,
  ): Promise<SignalAcceptedDto> {
    await this.signals.send(principal.tenant, id, name, (payload ?? null) as Json);
    return { run_id: id, name };
  }
}
