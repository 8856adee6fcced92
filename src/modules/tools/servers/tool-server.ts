import type { JsonObject } from '../../../engine/index.js';

export const TOOL_SERVER_KINDS = ['http', 'stdio', 'openapi'] as const;
/** `http` and `stdio`: MCP servers by their transport. `openapi`: a document whose operations are tools. */
export type ToolServerKind = (typeof TOOL_SERVER_KINDS)[number];

/** What its owner says of it. Texts may refer to secrets, `{{ secrets.NAME }}`. */
export interface ToolServerSettings {
  /** `http`: the endpoint; `openapi`: where the document was read. */
  readonly url?: string;
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `openapi`: where the operations are. */
  readonly base_url?: string;
  readonly document?: JsonObject;
  /** Of one call. */
  readonly timeout_ms: number;
}

/** Where a tenant has further tools from. */
export interface ToolServer {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly kind: ToolServerKind;
  readonly description: string | null;
  readonly settings: ToolServerSettings;
  readonly headers: Readonly<Record<string, string>>;
  readonly createdAt: Date;
}

/** What a server offers, as it told last. */
export interface OfferedTools {
  readonly tools: readonly OfferedTool[];
  readonly health: ServerHealth;
}

export interface OfferedTool {
  /** Its name with the server. */
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  readonly repeatable: boolean;
}

export interface ServerHealth {
  readonly status: 'ok' | 'failing';
  readonly error: string | null;
  readonly checkedAt: Date;
  /** Revision of MCP that is spoken, e.g. `2025-11-25`. */
  readonly protocolVersion: string | null;
  /** `sessions` begins with a handshake, `stateless` (2026-07-28 and later) does not. */
  readonly era: 'sessions' | 'stateless' | null;
}
