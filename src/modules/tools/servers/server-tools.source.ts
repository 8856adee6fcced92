import type { Json, JsonObject } from '../../../engine/index.js';
import { SchemaValidator } from '../../nodes/index.js';
import { toolName } from '../sources/tool-names.js';
import type { ExecutedTool, Tool, ToolSource, ToolWindow } from '../tool.js';
import { ToolSourceProvider } from '../tool.decorator.js';
import { McpConnections } from './mcp-connections.js';
import { OpenapiCalls } from '../openapi/openapi-calls.js';
import type { OfferedTool, OfferedTools, ToolServer } from './tool-server.js';
import { ToolServerStore } from './tool-server.store.js';

/** The tools of a tenant's servers, `<server>_<tool>`. */
@ToolSourceProvider()
export class ServerToolsSource implements ToolSource {
  readonly order = 30;

  constructor(
    private readonly store: ToolServerStore,
    private readonly connections: McpConnections,
    private readonly openapi: OpenapiCalls,
  ) {}

  async list(tenant: string, { after = '', limit = Infinity, text = '' }: ToolWindow = {}): Promise<readonly Tool[]> {
    const servers = await this.store.all(tenant);
    const all = await Promise.all(
      servers.map(async (server) => (await this.offered(server)).tools.map((offered) => this.tool(server, offered))),
    );
    return all
      .flat()
      .filter(({ name }) => name > after && name.toLowerCase().includes(text.toLowerCase()))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, limit);
  }

  /** Names of servers hold no `_`, so that the first one ends it. */
  async find(tenant: string, name: string): Promise<Tool | null> {
    const end = name.indexOf('_');
    if (end < 1) return null;
    const server = await this.store.find(tenant, name.slice(0, end));
    if (server === null) return null;
    const offered = (await this.offered(server)).tools.find((each) => toolName(server.name, each.name) === name);
    return offered === undefined ? null : this.tool(server, offered);
  }

  offered(server: ToolServer): Promise<OfferedTools> {
    return server.kind === 'openapi' ? Promise.resolve(this.openapi.offered(server)) : this.connections.to(server).list();
  }

  private tool(server: ToolServer, offered: OfferedTool): ExecutedTool {
    const { name, description, inputSchema, outputSchema, repeatable } = offered;
    return {
      name: toolName(server.name, name),
      description: description === '' ? `${name} of ${server.name}` : description,
      inputSchema: usable(inputSchema),
      ...(outputSchema === undefined ? {} : { outputSchema }),
      type: server.kind === 'openapi' ? 'openapi' : 'mcp',
      repeatable,
      execute: (call): Promise<Json> =>
        server.kind === 'openapi' ? this.openapi.call(server, name, call) : this.connections.to(server).call(name, call.input, call.signal),
    };
  }
}

/** A schema that cannot be used leaves the check to the server. */
function usable(schema: JsonObject): JsonObject {
  try {
    new SchemaValidator({ strict: false, linear: true }).compile(schema);
    return schema;
  } catch {
    return { type: 'object' };
  }
}
