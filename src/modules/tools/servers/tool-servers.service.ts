import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Json } from '../../../engine/index.js';
import { EgressClient } from '../../../platform/egress/index.js';
import { AppError, ConflictError, NotFoundError, UnprocessableError } from '../../../platform/errors/app-error.js';
import type { Page, PageQueryDto } from '../../../platform/http/page.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { SecretBox } from '../../../platform/secrets/index.js';
import { ShellPolicy } from '../../shell/index.js';
import { type CreateToolServerDto, type ToolServerDto, toToolServerDto } from '../dto/tool-server.dto.js';
import { problemOf } from '../execution/tool-problems.js';
import { ToolSettings } from '../execution/tool-settings.js';
import { refuseFailure } from '../execution/web-answer.js';
import { McpConnections } from './mcp-connections.js';
import { readDocument, settingFaults } from './server-settings.js';
import { ServerToolsSource } from './server-tools.source.js';
import type { ToolServer, ToolServerSettings } from './tool-server.js';
import { ToolServerStore } from './tool-server.store.js';

const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
const MAX_SERVERS = 200;

/** Tool servers of the caller's tenant. */
@Injectable()
export class ToolServersService {
  constructor(
    private readonly store: ToolServerStore,
    private readonly source: ServerToolsSource,
    private readonly connections: McpConnections,
    private readonly box: SecretBox,
    private readonly shell: ShellPolicy,
    private readonly egress: EgressClient,
    private readonly settings: ToolSettings,
  ) {}

  /** A server that cannot be reached is stored all the same: its health says so. */
  async create({ tenant }: Principal, body: CreateToolServerDto, signal: AbortSignal, reservedId?: string): Promise<ToolServerDto> {
    const { name, kind = 'http', description = null, headers = {} } = body;
    const faults = settingFaults(body, kind, this.box.encrypts);
    if (faults.length > 0) throw new UnprocessableError('the body is not valid', faults);
    const refusal = kind === 'stdio' ? this.shell.refusal('api') : null;
    if (refusal !== null)
      throw new UnprocessableError('a server of kind stdio is a process', [{ path: '/kind', code: 'shell_refused', message: refusal }]);
    if ((await this.store.all(tenant)).length >= MAX_SERVERS)
      throw new ConflictError('too_many_servers', `a tenant has at most ${MAX_SERVERS} tool servers`);
    const settings = await this.settingsOf(tenant, body, kind, signal);
    const created = await this.store.create({ id: reservedId ?? uuidv7(), tenant, name, kind, description, settings, headers });
    if (!created) throw new ConflictError('server_exists', `there is a tool server ${JSON.stringify(name)} already`);
    return this.get(tenant, name);
  }

  async list({ tenant }: Principal, query: PageQueryDto): Promise<Page<ToolServerDto>> {
    const { data, next_cursor } = await this.store.list(tenant, query);
    return { data: await Promise.all(data.map((server) => this.shown(server))), next_cursor };
  }

  async delete({ tenant }: Principal, name: string): Promise<void> {
    const id = await this.store.delete(tenant, name);
    if (id === null) throw new NotFoundError('tool server');
    await this.connections.forget(id);
  }

  private async get(tenant: string, name: string): Promise<ToolServerDto> {
    const server = await this.store.find(tenant, name);
    if (server === null) throw new NotFoundError('tool server');
    return this.shown(server);
  }

  private async shown(server: ToolServer): Promise<ToolServerDto> {
    return toToolServerDto(server, await this.source.offered(server));
  }

  private async settingsOf(
    tenant: string,
    body: CreateToolServerDto,
    kind: ToolServer['kind'],
    signal: AbortSignal,
  ): Promise<ToolServerSettings> {
    const { url, command, args, env, document, base_url, timeout_ms = DEFAULT_TIMEOUT_MS } = body;
    const settings: ToolServerSettings = {
      timeout_ms,
      ...(url === undefined ? {} : { url }),
      ...(command === undefined ? {} : { command }),
      ...(args === undefined ? {} : { args }),
      ...(env === undefined ? {} : { env }),
    };
    if (kind !== 'openapi') return settings;
    const text = document ?? (await this.fetched(tenant, url ?? '', body.headers ?? {}, signal));
    return { ...settings, ...readDocument(text, url, base_url) };
  }

  private async fetched(tenant: string, url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Json> {
    try {
      const filled: Record<string, string> = {};
      for (const [name, text] of Object.entries(headers)) filled[name] = this.settings.resolved(tenant, text);
      const answer = await this.egress.request({ url, headers: filled, maxResponseBytes: MAX_DOCUMENT_BYTES, signal });
      refuseFailure(answer, 'the address of the document');
      return answer.body.toString('utf8');
    } catch (error) {
      const problem = problemOf(error);
      throw problem instanceof AppError && problem.status === 408
        ? new AppError(502, problem.code, problem.detail, { cause: error })
        : problem;
    }
  }
}
