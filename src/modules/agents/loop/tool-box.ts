import type { JsonObject } from '../../../engine/index.js';
import type { ModelTool } from '../../models/index.js';
import type { Tool } from '../../tools/index.js';
import type { ToolApproval } from '../definition/agent-definition.js';

/** A tool as one agent has it. */
export interface EquippedTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  /** Null for tools that the caller carries out. */
  readonly tool: Tool | null;
  readonly config: JsonObject;
  readonly timeoutMs: number;
  readonly rateLimit: { readonly windowSeconds: number; readonly maxCalls: number } | null;
}

/** What an agent can do besides talking. */
export class ToolBox {
  constructor(
    private readonly tools: ReadonlyMap<string, EquippedTool>,
    readonly approvals: readonly ToolApproval[],
  ) {}

  static readonly EMPTY = new ToolBox(new Map(), []);

  get(name: string): EquippedTool | undefined {
    return this.tools.get(name);
  }

  get names(): readonly string[] {
    return [...this.tools.keys()];
  }

  /** As models are told. */
  forModels(): readonly ModelTool[] {
    return [...this.tools.values()].map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  }
}
