import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import { StepError } from '../../../engine/index.js';
import { EgressClient } from '../../../platform/egress/index.js';
import { ShellPolicy } from '../../shell/index.js';
import { ToolSettings } from '../execution/tool-settings.js';
import { McpConnection } from './mcp-connection.js';
import { transportTo } from './mcp-transport.js';
import type { ToolServer } from './tool-server.js';

/** A connection that nobody used for so long is closed, and with it the process behind it. */
const IDLE_MS = 5 * 60_000;

/** The connections of this process to MCP servers, one for each. */
@Injectable()
export class McpConnections implements OnApplicationShutdown {
  private readonly connections = new Map<string, McpConnection>();
  private readonly sweeper = setInterval(() => this.sweep(), IDLE_MS / 5).unref();

  constructor(
    @Inject(CONFIG) private readonly config: HeddleConfig,
    private readonly egress: EgressClient,
    private readonly settings: ToolSettings,
    private readonly shell: ShellPolicy,
  ) {}

  to(server: ToolServer): McpConnection {
    let connection = this.connections.get(server.id);
    if (connection === undefined) this.connections.set(server.id, (connection = new McpConnection(server, () => this.open(server))));
    return connection;
  }

  /** Of a server that is no more. */
  async forget(id: string): Promise<void> {
    const connection = this.connections.get(id);
    this.connections.delete(id);
    await connection?.close();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.sweeper);
    await Promise.all([...this.connections.keys()].map((id) => this.forget(id)));
  }

  /** Asked again before each start of a process: servers outlive policies. */
  private open(server: ToolServer): ReturnType<typeof transportTo> {
    const refusal = server.kind === 'stdio' ? this.shell.refusal('api') : null;
    if (refusal !== null) throw new StepError('shell_refused', refusal, { retryable: false });
    const directory = join(this.config.dataDir, 'tool-servers');
    if (server.kind === 'stdio') mkdirSync(directory, { recursive: true, mode: 0o700 });
    return transportTo(server, {
      egress: this.egress,
      path: this.config.shell.path,
      directory,
      resolve: (text) => this.settings.resolved(server.tenant, text),
    });
  }

  private sweep(): void {
    const before = Date.now() - IDLE_MS;
    for (const [id, { usedAt }] of this.connections) if (usedAt < before) void this.forget(id);
  }
}
