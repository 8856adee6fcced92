import { type CallToolResult, Client, type Transport, type Tool as McpTool } from '@modelcontextprotocol/client';
import { setTimeout as delay } from 'node:timers/promises';
import { type Json, type JsonObject, StepError } from '../../../engine/index.js';
import { VERSION } from '../../../platform/version.js';
import { faultOf, isSessionGone } from './mcp-faults.js';
import type { OfferedTool, OfferedTools, ServerHealth, ToolServer } from './tool-server.js';

const CONNECT_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 5_000;
const LIST_TIMEOUT_MS = 15_000;
const MAX_TOOLS = 500;
/** A list is asked for again after this. */
const FRESH_MS = 60_000;
const LIST_TRIES = 3;
const RETRY_MS = 200;
/** A server that failed is left alone for a while, longer each time. */
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

/**
 * One MCP server as one tenant uses it. Connects when it is needed, in whichever era the server speaks, and again after a
 * failure, at most once in a rest. Lists are tried again; a call is sent once, and never repeated unless the server has said
 * that it did not take it.
 */
export class McpConnection {
  private client: Promise<Client> | null = null;
  private listing: Promise<OfferedTools> | null = null;
  private offered: {
    readonly tools: readonly OfferedTool[];
    readonly definitions: ReadonlyMap<string, McpTool>;
    readonly at: number;
  } | null = null;
  private failure: { readonly error: StepError; readonly until: number; readonly rest: number; readonly at: Date } | null = null;
  private spoken: Pick<ServerHealth, 'protocolVersion' | 'era'> = { protocolVersion: null, era: null };
  private closed = false;
  /** Epoch milliseconds. */
  usedAt = Date.now();

  constructor(
    private readonly server: ToolServer,
    private readonly open: () => Transport,
  ) {}

  /** What the server offers: as it told within the last minute, else asked. Never rejects: what is wrong is its health. */
  async list(): Promise<OfferedTools> {
    this.usedAt = Date.now();
    const { offered, failure } = this;
    if (failure !== null && Date.now() < failure.until) return this.told();
    if (failure === null && offered !== null && Date.now() - offered.at < FRESH_MS) return this.told();
    this.listing ??= this.ask().finally(() => (this.listing = null));
    return this.listing;
  }

  /** Calls a tool. Throws `StepError`. */
  async call(tool: string, input: JsonObject, signal: AbortSignal): Promise<Json> {
    this.usedAt = Date.now();
    const client = await this.connected();
    try {
      return answerOf(await this.send(client, tool, input, signal), tool);
    } catch (error) {
      if (!isSessionGone(error)) throw await this.failed(error, signal);
    }
    await this.disconnect();
    try {
      return answerOf(await this.send(await this.connected(), tool, input, signal), tool);
    } catch (error) {
      throw await this.failed(error, signal);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.disconnect();
  }

  private send(client: Client, tool: string, input: JsonObject, signal: AbortSignal): Promise<CallToolResult> {
    const definition = this.offered?.definitions.get(tool);
    return client.callTool(
      { name: tool, arguments: input },
      { signal, timeout: this.server.settings.timeout_ms, ...(definition === undefined ? {} : { toolDefinition: definition }) },
    );
  }

  private async ask(): Promise<OfferedTools> {
    for (let tries = 1; ; tries += 1) {
      try {
        const client = await this.connect();
        const { tools } = await client.listTools(undefined, { timeout: LIST_TIMEOUT_MS, cacheMode: 'refresh' });
        const some = tools.slice(0, MAX_TOOLS);
        this.offered = { tools: some.map(toOffered), definitions: new Map(some.map((tool) => [tool.name, tool])), at: Date.now() };
        this.failure = null;
        return this.told();
      } catch (error) {
        await this.disconnect();
        const fault = faultOf(error, this.named);
        if (tries < LIST_TRIES && fault.retryable && !this.closed) {
          await delay(RETRY_MS * tries, undefined, { ref: false });
          continue;
        }
        this.rest(fault);
        return this.told();
      }
    }
  }

  private async connected(): Promise<Client> {
    const { failure } = this;
    if (failure !== null && Date.now() < failure.until) throw failure.error;
    try {
      return await this.connect();
    } catch (error) {
      await this.disconnect();
      const fault = faultOf(error, this.named);
      this.rest(fault);
      throw fault;
    }
  }

  private connect(): Promise<Client> {
    if (this.closed) return Promise.reject(new StepError('server_unavailable', `${this.named} was removed`));
    this.client ??= this.newClient();
    return this.client;
  }

  private async newClient(): Promise<Client> {
    const stale = (): void => {
      if (this.offered !== null) this.offered = { ...this.offered, at: 0 };
    };
    const client = new Client(
      { name: 'heddle', version: VERSION },
      {
        versionNegotiation: { mode: 'auto', probe: { timeoutMs: PROBE_TIMEOUT_MS } },
        inputRequired: { autoFulfill: false },
        listMaxPages: 20,
        ...(this.server.kind === 'stdio' ? { listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: stale } } } : {}),
      },
    );
    // Over HTTP no stream is held open for it: it may come with an answer, else the list is asked for again after a minute.
    if (this.server.kind !== 'stdio') client.setNotificationHandler('notifications/tools/list_changed', stale);
    const transport = this.open();
    await client.connect(transport, { timeout: CONNECT_TIMEOUT_MS });
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the client has no other way to tell
    client.onclose = () => {
      this.client = null;
    };
    this.spoken = {
      protocolVersion: client.getNegotiatedProtocolVersion() ?? null,
      era: client.getProtocolEra() === 'modern' ? 'stateless' : 'sessions',
    };
    return client;
  }

  private async disconnect(): Promise<void> {
    const { client } = this;
    this.client = null;
    await client?.then((each) => each.close()).catch(() => {});
  }

  /** A call's failure. Only one that the connection is to blame for ends it. */
  private async failed(error: unknown, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) return signal.reason;
    if (error instanceof StepError && error.code === 'tool_failed') return error;
    const fault = faultOf(error, this.named);
    if (fault.code !== 'server_error' && fault.code !== 'timeout' && fault.code !== 'input_required') await this.disconnect();
    return fault;
  }

  private rest(error: StepError): void {
    const rest = Math.min(this.failure === null ? FIRST_REST_MS : this.failure.rest * 2, LONGEST_REST_MS);
    this.failure = { error, rest, until: Date.now() + rest, at: new Date() };
  }

  private told(): OfferedTools {
    const { offered, failure, spoken } = this;
    return {
      tools: offered?.tools ?? [],
      health: {
        status: failure === null ? 'ok' : 'failing',
        error: failure?.error.message ?? null,
        checkedAt: failure?.at ?? new Date(offered?.at ?? Date.now()),
        ...spoken,
      },
    };
  }

  private get named(): string {
    return `the server ${this.server.name}`;
  }
}

function toOffered({ name, description = '', inputSchema, outputSchema, annotations }: McpTool): OfferedTool {
  return {
    name,
    description,
    inputSchema: inputSchema as JsonObject,
    ...(outputSchema === undefined ? {} : { outputSchema: outputSchema as JsonObject }),
    repeatable: annotations?.readOnlyHint === true || annotations?.idempotentHint === true,
  };
}

/** Structured content as it is; else the texts; anything else with its parts. */
function answerOf({ content, structuredContent, isError }: CallToolResult, tool: string): Json {
  const texts = content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  if (isError === true) throw new StepError('tool_failed', texts.join('\n') || `the tool ${tool} failed`, { retryable: false });
  if (structuredContent !== undefined) return structuredContent as Json;
  return texts.length === content.length ? texts.join('\n') : { content: content as unknown as Json };
}
