import { Injectable } from '@nestjs/common';
import { ToolsService } from '../../modules/tools/index.js';
import type { Principal } from '../../platform/http/permissions.js';
import { everyPage, orInstead } from '../kit/index.js';
import { AstromeshAgents } from './agents.service.js';
import type { AstromeshExecuteDto } from './astromesh.dto.js';
import { toolNotFound } from './errors.js';
import { toolItems } from './tool-views.js';

/** Tools as Astromesh lists and executes them. */
@Injectable()
export class AstromeshTools {
  constructor(
    private readonly tools: ToolsService,
    private readonly agents: AstromeshAgents,
  ) {}

  async list(principal: Principal): Promise<object> {
    const [registered, agents] = await Promise.all([everyPage((page) => this.tools.list(principal, page)), this.agents.all(principal)]);
    const tools = toolItems(registered, agents);
    return { tools, count: tools.length };
  }

  builtin(): object {
    const { tools, count } = this.tools.builtin();
    return { tools: tools.map(({ name, description, parameters }) => ({ name, description, parameters })), count };
  }

  async execute(principal: Principal, body: AstromeshExecuteDto, signal: AbortSignal): Promise<object> {
    const name = body.tool ?? body.tool_name ?? '';
    const input = body.input ?? body.arguments ?? {};
    const { tool, output, timing_ms } = await orInstead(this.tools.execute(principal, name, { input }, signal), toolNotFound(name));
    return { tool, output, timing_ms, result: output, status: 'ok' };
  }
}
