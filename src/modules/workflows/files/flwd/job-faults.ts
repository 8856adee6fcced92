import { pointerTo } from '../../../../engine/expressions/index.js';
import type { DefinitionFault } from '../../../../engine/graph/index.js';
import { isJsonObject, type Json, type JsonObject } from '../../../../engine/model/json.js';

/** What is wrong with a job's configuration, gathered while it is read. Paths are JSON pointers into it. */
export class JobFaults {
  readonly errors: DefinitionFault[] = [];
  readonly warnings: DefinitionFault[] = [];

  error(path: string, code: string, message: string): void {
    this.errors.push({ path, code, message });
  }

  warn(path: string, code: string, message: string): void {
    this.warnings.push({ path, code, message });
  }

  /** The text of a member; undefined when there is none, or something else, which is a fault. */
  text(owner: JsonObject, key: string, at = ''): string | undefined {
    const value = owner[key];
    if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
    this.error(pointerTo(at, key), 'type', 'must be a text');
    return undefined;
  }

  /** The mapping that a member is; undefined when there is none, or something else, which is a fault. */
  mapping(owner: JsonObject, key: string, at = ''): JsonObject | undefined {
    const value = owner[key];
    if (value === undefined || value === null) return undefined;
    if (isJsonObject(value)) return value;
    this.error(pointerTo(at, key), 'type', 'must be a mapping');
    return undefined;
  }

  /** The texts that a member lists; empty when there is none. */
  texts(owner: JsonObject, key: string, at = ''): string[] {
    const value = owner[key] ?? [];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    this.error(pointerTo(at, key), 'type', 'must be a list of texts');
    return [];
  }

  /** One of some words; undefined when there is none, or another, which is a fault. */
  word<const W extends string>(owner: JsonObject, key: string, words: readonly W[], at = ''): W | undefined {
    const value: Json | undefined = owner[key];
    if (value === undefined || value === null) return undefined;
    const known = words.find((word) => word === value);
    if (known === undefined) this.error(pointerTo(at, key), 'enum', `must be one of ${words.join(', ')}`);
    return known;
  }
}
