import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { DefinitionFault } from '../../engine/graph/index.js';
import type { WorkflowDefinition } from '../../engine/model/definition.js';
import { isJsonObject, type Json, type JsonObject } from '../../engine/model/json.js';

/** A version on its way into the store. */
export interface VersionBeingStored {
  readonly tenant: string;
  readonly workflowId: string;
  readonly definition: WorkflowDefinition;
}

/** A part of definitions that belongs to another module. */
export interface DefinitionExtension {
  /**
   * What is wrong with that part. `definition` is any JSON object: its structure may be faulty too. `source` (`api` or
   * `fs:<name>`) is where it comes from.
   */
  check(definition: JsonObject, source: string): readonly DefinitionFault[];
  /** In the transaction that makes the version its workflow's latest: whatever is written here is in step with it, always. */
  stored(manager: EntityManager, version: VersionBeingStored): Promise<void>;
}

/** Where modules register the parts of definitions that are theirs. */
@Injectable()
export class DefinitionExtensions {
  private readonly extensions: DefinitionExtension[] = [];

  register(extension: DefinitionExtension): void {
    this.extensions.push(extension);
  }

  check(definition: Json, source: string): DefinitionFault[] {
    return isJsonObject(definition) ? this.extensions.flatMap((extension) => [...extension.check(definition, source)]) : [];
  }

  async stored(manager: EntityManager, version: VersionBeingStored): Promise<void> {
    for (const extension of this.extensions) await extension.stored(manager, version);
  }
}
