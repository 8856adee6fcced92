import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { DefinitionFault } from '../../engine/graph/index.js';
import type { JsonObject } from '../../engine/index.js';
import { type DefinitionExtension, DefinitionExtensions, type VersionBeingStored } from '../workflows/index.js';
import { checkTriggers } from './trigger-definition.js';
import { TriggerStore } from './trigger-store.js';

/** The `triggers` of definitions: those of a workflow's latest version are in force. */
@Injectable()
export class DefinitionTriggers implements DefinitionExtension, OnModuleInit {
  constructor(
    private readonly extensions: DefinitionExtensions,
    private readonly triggers: TriggerStore,
  ) {}

  onModuleInit(): void {
    this.extensions.register(this);
  }

  check(definition: JsonObject): readonly DefinitionFault[] {
    return checkTriggers(definition).faults;
  }

  async stored(manager: EntityManager, { tenant, workflowId, definition }: VersionBeingStored): Promise<void> {
    const { specs } = checkTriggers(definition as unknown as JsonObject);
    await this.triggers.replaceDefined(manager, tenant, workflowId, specs);
  }
}
