import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { JsonObject } from '../../engine/model/json.js';
import type { NodeType, NodeTypes } from '../../engine/ports/node-type.js';
import type { FieldError } from '../../platform/errors/app-error.js';
import { NodeTypeMark } from './node-type.decorator.js';
import { NodeTypeRegistryError } from './nodes.errors.js';
import { SchemaValidator } from './schema-validator.js';

const NAME = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/;

interface Registered {
  readonly nodeType: NodeType;
  readonly checkConfig: (value: unknown) => FieldError[];
  readonly checkInputs: (value: unknown) => FieldError[];
}

/**
 * Every node type of the process, found among the providers of all modules by `@NodeTypeProvider()`. A duplicate or badly
 * named type, or one whose schemas do not compile, stops the boot.
 */
@Injectable()
export class NodeTypeRegistry implements NodeTypes, OnModuleInit {
  private registered: ReadonlyMap<string, Registered> | undefined;

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    this.types();
  }

  get(type: string): NodeType | undefined {
    return this.types().get(type)?.nodeType;
  }

  /** Sorted by type. */
  list(): readonly NodeType[] {
    return [...this.types().values()].map((entry) => entry.nodeType);
  }

  /**
   * Faults of a resolved `config` (all templates evaluated) against the type's schema; empty when it fits. Paths are JSON
   * pointers into the config. Throws for an unknown type.
   */
  validateResolved(type: string, config: JsonObject): FieldError[] {
    return this.require(type).checkConfig(config);
  }

  /** The same for resolved `inputs`. */
  validateResolvedInputs(type: string, inputs: JsonObject): FieldError[] {
    return this.require(type).checkInputs(inputs);
  }

  private require(type: string): Registered {
    const entry = this.types().get(type);
    if (entry === undefined) throw new Error(`unknown node type ${type}`);
    return entry;
  }

  // Discovered on first use: another module's init hook may ask before this one's has run.
  private types(): ReadonlyMap<string, Registered> {
    this.registered ??= register(this.discover());
    return this.registered;
  }

  private discover(): unknown[] {
    return this.discovery.getProviders({ metadataKey: NodeTypeMark.KEY }).map((wrapper) => wrapper.instance as unknown);
  }
}

function register(candidates: readonly unknown[]): ReadonlyMap<string, Registered> {
  const validator = new SchemaValidator();
  const entries = new Map<string, Registered>();
  const faults: string[] = [];
  for (const candidate of new Set(candidates)) {
    if (!isNodeType(candidate)) {
      faults.push(`${nameOf(candidate)} is marked as a node type but does not implement NodeType`);
    } else if (!NAME.test(candidate.type)) {
      faults.push(`${nameOf(candidate)}: "${candidate.type}" is not a node type name like "category.name"`);
    } else if (entries.has(candidate.type)) {
      faults.push(`"${candidate.type}" is provided twice: by ${nameOf(entries.get(candidate.type)?.nodeType)} and by ${nameOf(candidate)}`);
    } else {
      try {
        validator.compile(candidate.outputSchema);
        entries.set(candidate.type, {
          nodeType: candidate,
          checkConfig: validator.compile(candidate.configSchema),
          checkInputs: validator.compile(candidate.inputSchema),
        });
      } catch (error) {
        faults.push(`"${candidate.type}" has a faulty schema: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  if (faults.length > 0) throw new NodeTypeRegistryError(faults);
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isNodeType(value: unknown): value is NodeType {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    'execute' in value &&
    typeof value.execute === 'function'
  );
}

function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : String(value);
}
