import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { JsonObject } from '../../engine/index.js';
import type { FieldError } from '../../platform/errors/app-error.js';
import { SchemaValidator } from '../nodes/index.js';
import { isRunTool, type Tool, type ToolSource, type ToolWindow } from './tool.js';
import { ToolMark, ToolSourceMark } from './tool.decorator.js';
import { ToolRegistryError } from './tools.errors.js';

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

type Check = (value: unknown) => FieldError[];

/**
 * Every tool of the process: static ones, found among the providers of all modules by `@ToolProvider()`, and those of the
 * sources marked with `@ToolSourceProvider()`. A duplicate or badly named static tool, or one whose schemas do not compile,
 * stops the boot.
 */
@Injectable()
export class ToolRegistry implements OnModuleInit {
  private registered: ReadonlyMap<string, Tool> | undefined;
  private orderedSources: readonly ToolSource[] | undefined;
  private readonly checks = new WeakMap<JsonObject, Check>();

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    this.tools();
  }

  /** The tool that a tenant knows by that name, or null. */
  async find(tenant: string, name: string): Promise<Tool | null> {
    const own = this.tools().get(name);
    if (own !== undefined) return own;
    for (const source of this.sources()) {
      const tool = await source.find(tenant, name);
      if (tool !== null) return tool;
    }
    return null;
  }

  /** The tools that a tenant sees, in the order of their names; at most `limit` of a source (as `type` says) and with the text. */
  async page(
    tenant: string,
    { source: type, ...window }: ToolWindow & { readonly limit: number; readonly source?: string },
  ): Promise<readonly Tool[]> {
    const { after = '', limit, text = '' } = window;
    const tools = new Map<string, Tool>();
    const add = (tool: Tool): void => {
      const fits = tool.name > after && tool.name.toLowerCase().includes(text.toLowerCase()) && (type === undefined || tool.type === type);
      if (fits && !tools.has(tool.name)) tools.set(tool.name, tool);
    };
    this.tools().forEach(add);
    for (const source of this.sources()) {
      if (type !== undefined && source.type !== undefined && source.type !== type) continue;
      (await source.list(tenant, window)).forEach(add);
    }
    return [...tools.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)).slice(0, limit);
  }

  /** Static tools only, in the order they are provided. */
  builtin(): readonly Tool[] {
    return [...this.tools().values()];
  }

  /** Faults of a call's input against the tool's schema, paths being JSON pointers into it; empty when it fits. */
  checkInput(tool: Tool, input: JsonObject): FieldError[] {
    return this.check(tool.inputSchema)(input);
  }

  /** Faults of what a definition sets for a tool. */
  checkConfig(tool: Tool, config: JsonObject): FieldError[] {
    if (tool.configSchema !== undefined) return this.check(tool.configSchema)(config);
    return Object.keys(config).map((name) => ({
      path: `/${name}`,
      code: 'unknown_field',
      message: `the tool ${tool.name} takes no settings`,
    }));
  }

  private check(schema: JsonObject): Check {
    let check = this.checks.get(schema);
    if (check === undefined) {
      // Schemas of remote tools come from elsewhere: each has a validator of its own, so that equal `$id`s cannot clash.
      check = new SchemaValidator({ strict: false, linear: true }).compile(schema);
      this.checks.set(schema, check);
    }
    return check;
  }

  // Discovered on first use: another module's init hook may ask before this one's has run.
  private tools(): ReadonlyMap<string, Tool> {
    this.registered ??= this.register(this.instances(ToolMark.KEY));
    return this.registered;
  }

  private sources(): readonly ToolSource[] {
    this.orderedSources ??= (this.instances(ToolSourceMark.KEY) as ToolSource[]).toSorted((a, b) => a.order - b.order);
    return this.orderedSources;
  }

  private instances(metadataKey: string): unknown[] {
    return [...new Set(this.discovery.getProviders({ metadataKey }).map((wrapper) => wrapper.instance as unknown))];
  }

  private register(candidates: readonly unknown[]): ReadonlyMap<string, Tool> {
    const tools = new Map<string, Tool>();
    const faults: string[] = [];
    for (const candidate of candidates) {
      if (!isTool(candidate)) {
        faults.push(`${nameOf(candidate)} is marked as a tool but does not implement Tool`);
      } else if (!NAME.test(candidate.name)) {
        faults.push(`${nameOf(candidate)}: "${candidate.name}" is not a tool name`);
      } else if (tools.has(candidate.name)) {
        faults.push(`"${candidate.name}" is provided twice: by ${nameOf(tools.get(candidate.name))} and by ${nameOf(candidate)}`);
      } else {
        tools.set(candidate.name, candidate);
        faults.push(...this.schemaFaults(candidate));
      }
    }
    if (faults.length > 0) throw new ToolRegistryError(faults);
    return tools;
  }

  private schemaFaults(tool: Tool): string[] {
    try {
      for (const schema of [tool.inputSchema, tool.outputSchema, tool.configSchema]) if (schema !== undefined) this.check(schema);
      return [];
    } catch (error) {
      return [`"${tool.name}" has a faulty schema: ${error instanceof Error ? error.message : String(error)}`];
    }
  }
}

function isTool(value: unknown): value is Tool {
  if (typeof value !== 'object' || value === null || !('name' in value) || typeof value.name !== 'string') return false;
  return isRunTool(value as Tool) || ('execute' in value && typeof value.execute === 'function');
}

function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : String(value);
}
