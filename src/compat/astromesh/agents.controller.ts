import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Put, Res } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Json } from '../../engine/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { callerSignal } from '../../platform/http/caller-signal.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import { Idempotent, ReservedId } from '../../platform/http/idempotent.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { objectOf, STRING } from '../kit/index.js';
import { AstromeshAgents } from './agents.service.js';
import { AstromeshRunDto } from './astromesh.dto.js';
import { AGENT, AGENTS, ANSWER, DOCUMENT, oneOf } from './schemas.js';

const Document = ApiBody({ schema: DOCUMENT });

@ApiTags('Agents')
@Controller('compat/astromesh/v1/agents')
export class AstromeshAgentsController {
  constructor(private readonly agents: AstromeshAgents) {}

  @Get()
  @Endpoint({ access: 'agents.read', operationId: 'listAgents', summary: 'List agents' })
  @ApiOkResponse({ schema: AGENTS })
  async listAgents(@CurrentPrincipal() principal: Principal): Promise<object> {
    return { agents: await this.agents.list(principal) };
  }

  @Post()
  @Endpoint({
    access: 'agents.write',
    operationId: 'registerAgent',
    summary: 'Register an agent',
    description: 'It is a draft, and takes no runs, until it is deployed.',
  })
  @Document
  @ApiCreatedResponse({ schema: objectOf({ name: STRING, status: oneOf('registered') }) })
  async registerAgent(@CurrentPrincipal() principal: Principal, @Body() body: unknown): Promise<object> {
    return { name: await this.agents.register(principal, (body ?? null) as Json), status: 'registered' };
  }

  @Get(':name')
  @Endpoint({ access: 'agents.read', operationId: 'getAgent', summary: 'Get an agent' })
  @ApiOkResponse({ schema: AGENT })
  getAgent(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<object> {
    return this.agents.get(principal, name);
  }

  @Put(':name')
  @Endpoint({ access: 'agents.write', operationId: 'updateAgent', summary: 'Update an agent, which is a draft from then on' })
  @Document
  @ApiOkResponse({ schema: objectOf({ agent: STRING, status: oneOf('updated') }) })
  async updateAgent(@CurrentPrincipal() principal: Principal, @Param('name') name: string, @Body() body: unknown): Promise<object> {
    await this.agents.update(principal, name, (body ?? null) as Json);
    return { agent: name, status: 'updated' };
  }

  @Delete(':name')
  @Endpoint({ access: 'agents.delete', operationId: 'removeAgent', summary: 'Remove an agent' })
  @ApiOkResponse({ schema: objectOf({ name: STRING, status: oneOf('removed') }) })
  async removeAgent(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<object> {
    await this.agents.remove(principal, name);
    return { name, status: 'removed' };
  }

  @Post(':name/deploy')
  @HttpCode(200)
  @Endpoint({ access: 'agents.write', operationId: 'deployAgent', summary: 'Deploy an agent' })
  @ApiOkResponse({ schema: objectOf({ agent: STRING, status: oneOf('deployed') }) })
  async deployAgent(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<object> {
    await this.agents.deploy(principal, name);
    return { agent: name, status: 'deployed' };
  }

  @Post(':name/pause')
  @HttpCode(200)
  @Endpoint({ access: 'agents.write', operationId: 'pauseAgent', summary: 'Pause an agent' })
  @ApiOkResponse({ schema: objectOf({ agent: STRING, status: oneOf('paused') }) })
  async pauseAgent(@CurrentPrincipal() principal: Principal, @Param('name') name: string): Promise<object> {
    await this.agents.pause(principal, name);
    return { agent: name, status: 'paused' };
  }

  @Post(':name/run')
  @HttpCode(200)
  @Endpoint({ access: 'runs.create', operationId: 'runAgent', summary: 'Run an agent' })
  @Idempotent()
  @ApiOkResponse({ schema: ANSWER })
  runAgent(
    @CurrentPrincipal() principal: Principal,
    @Param('name') name: string,
    @Body() body: AstromeshRunDto,
    @Headers('x-astromesh-provider-key') key: string | undefined,
    @ReservedId() id: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    if (key !== undefined) throw keysNotTaken();
    return this.agents.run({ principal, name, body, id }, callerSignal(response));
  }
}

/** Asking the provider with another key than the caller means would be worse than not asking. */
function keysNotTaken(): AppError {
  return new AppError(
    501,
    'not_implemented',
    'X-Astromesh-Provider-Key is not taken: a run may go on in another process, and its caller’s key is kept nowhere',
    {
      logLevel: 'debug',
    },
  );
}
