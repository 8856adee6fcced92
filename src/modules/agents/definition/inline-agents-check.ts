import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import type { DefinitionFault } from '../../../engine/graph/index.js';
import type { JsonObject } from '../../../engine/index.js';
import { type DefinitionExtension, DefinitionExtensions } from '../../workflows/index.js';
import { inlineAgentFaults } from './inline-agent.js';

/** Tells the author of a workflow at once what is wrong with the agents in it. */
@Injectable()
export class InlineAgentsCheck implements DefinitionExtension, OnModuleInit {
  constructor(
    private readonly extensions: DefinitionExtensions,
    @Inject(CONFIG) private readonly config: HeddleConfig,
  ) {}

  onModuleInit(): void {
    this.extensions.register(this);
  }

  check(definition: JsonObject): readonly DefinitionFault[] {
    return inlineAgentFaults(definition, this.config);
  }

  async stored(): Promise<void> {}
}
