import { Body, Controller, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiExtraModels, ApiHeader, ApiOkResponse, ApiParam, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { Response } from 'express';
import { isTerminal } from '../../../engine/index.js';
import { ApiProblems } from '../../../platform/http/api-problems.js';
import { callerSignal } from '../../../platform/http/caller-signal.js';
import type { EdgeRequest } from '../../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { openSse } from '../../../platform/http/sse.js';
import { RunDto, SseSink } from '../../runs/index.js';
import { AgentVersionQueryDto } from '../dto/list-agents.dto.js';
import { AgentAnswerDto, RunAgentDto } from '../dto/run-agent.dto.js';
import { AgentRunService } from './agent-run.service.js';

/** An answer is held this long; a run that takes longer is told as accepted. */
const LONGEST_WAIT_MS = 15 * 60_000;

@ApiTags('agents')
@Controller('agents')
export class AgentRunController {
  constructor(private readonly service: AgentRunService) {}

  @Post(':name/run')
  @HttpCode(200)
  @Endpoint({
    access: 'runs.create',
    operationId: 'runAgent',
    summary: 'Ask an agent',
    description:
      'Holds the answer until the run is over. With `Prefer: respond-async` it is answered at once with the run. With `Accept: text/event-stream` it is streamed: ' +
      '`run`, `token` (`void: true` takes back what was said in that step), `tool_call`, `tool_result`, `approval`, and `done` or `error` at the end. ' +
      'A caller that leaves does not end the run.',
  })
  @Idempotent()
  @ApiParam({ name: 'name', description: 'Name of the agent, or its id', example: 'assistant' })
  @ApiHeader({ name: 'Prefer', required: false, description: '`respond-async`', schema: { type: 'string', example: 'respond-async' } })
  @ApiExtraModels(AgentAnswerDto)
  @ApiOkResponse({
    description: 'The answer',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(AgentAnswerDto) } },
      'text/event-stream': { schema: { type: 'string' } },
    },
  })
  @ApiAcceptedResponse({ type: RunDto, description: 'Accepted: with `respond-async`, or when it takes longer than 15 minutes' })
  @ApiProblems(400, 404, 408, 409, 413, 415, 422, 503)
  async runAgent(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Query() { version }: AgentVersionQueryDto,
    @Body() body: RunAgentDto,
    @ReservedId() id: string | undefined,
    @Req() request: EdgeRequest,
    @Res() response: Response,
  ): Promise<void> {
    const asked = { principal, name, body, version, id };
    if (request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream') {
      const run = await this.service.start(asked);
      response.setHeader('Location', `/api/v1/runs/${run.id}`);
      const stream = openSse(request, response);
      stream.send({ event: 'run', data: { type: 'run', run_id: run.id, session_id: run.inputs['session_id'] } });
      return this.service.follow(principal.tenant, run.id, new SseSink(stream));
    }
    const async = /(^|,)\s*respond-async\s*($|[,;])/i.test(String(request.headers['prefer'] ?? ''));
    // Waiting ends early when the caller leaves or the server shuts down; the run goes on.
    const wait = async ? undefined : { timeoutMs: LONGEST_WAIT_MS, signal: callerSignal(response, request.drain) };
    const run = await this.service.start(asked, wait);
    response.setHeader('Location', `/api/v1/runs/${run.id}`);
    if (async) response.setHeader('Preference-Applied', 'respond-async');
    if (async || !isTerminal(run.status)) return void response.status(202).json(run);
    response.json(this.service.answerOf(run));
  }
}
