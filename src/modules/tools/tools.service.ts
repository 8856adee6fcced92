import { Injectable } from '@nestjs/common';
import { NotFoundError } from '../../platform/errors/app-error.js';
import { decodeCursor, encodeCursor } from '../../platform/http/cursor.js';
import { type Page, pageOf } from '../../platform/http/page.js';
import { requirePermission } from '../../platform/http/permission.guard.js';
import type { Principal } from '../../platform/http/permissions.js';
import {
  type BuiltinToolsDto,
  DEFAULT_TIMEOUT_MS,
  type ExecuteToolDto,
  type ListToolsQueryDto,
  toBuiltinToolDto,
  type ToolAnswerDto,
  type ToolDto,
  toToolDto,
} from './dto/tool.dto.js';
import { ToolRunner } from './execution/tool-runner.js';
import { isRunTool } from './tool.js';
import { ToolRegistry } from './tool-registry.js';

/** Shows the tools of the caller's tenant, and calls them. */
@Injectable()
export class ToolsService {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly runner: ToolRunner,
  ) {}

  async list({ tenant }: Principal, { limit, cursor, source, q }: ListToolsQueryDto): Promise<Page<ToolDto>> {
    const after = cursor === undefined ? '' : decodeCursor(cursor, (value) => typeof value === 'string');
    const filter = { ...(source === undefined ? {} : { source }), ...(q === undefined ? {} : { text: q }) };
    const tools = await this.registry.page(tenant, { after, limit: limit + 1, ...filter });
    return pageOf(tools, limit, toToolDto, ({ name }) => encodeCursor(name));
  }

  builtin(): BuiltinToolsDto {
    const tools = this.registry.builtin().map(toBuiltinToolDto);
    return { tools, count: tools.length };
  }

  async execute(
    principal: Principal,
    name: string,
    { input = {}, config = {}, timeout_ms: timeoutMs = DEFAULT_TIMEOUT_MS }: ExecuteToolDto,
    signal: AbortSignal,
    id?: string,
  ): Promise<ToolAnswerDto> {
    const { tenant, keyId } = principal;
    const tool = await this.registry.find(tenant, name);
    if (tool === null) throw new NotFoundError('tool');
    const access = isRunTool(tool) ? 'runs.create' : tool.access;
    if (access !== undefined) requirePermission(principal, access);
    const startedAt = performance.now();
    const output = await this.runner.call({ tenant, keyId, tool, input, config, timeoutMs, signal, id });
    return { tool: tool.name, output, timing_ms: Math.round(performance.now() - startedAt) };
  }
}
