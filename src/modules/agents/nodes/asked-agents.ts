import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import { type DurableCall, isJsonObject, type Json, type JsonObject, StepError } from '../../../engine/index.js';
import { readInlineAgent } from '../definition/inline-agent.js';
import { AgentCatalog } from '../loop/agent-catalog.js';
import type { LoadedAgent } from '../loop/agent-run.js';

/** Finds the agent that a node asks. */
@Injectable()
export class AskedAgents {
  constructor(
    private readonly catalog: AgentCatalog,
    @Inject(CONFIG) private readonly config: HeddleConfig,
  ) {}

  /** An agent's own run is of a version; elsewhere the version is fixed when the node begins. */
  async load(call: Pick<DurableCall, 'run' | 'config' | 'step'>): Promise<LoadedAgent> {
    const { kind, tenant, workflow } = call.run;
    if (kind === 'agent' && workflow !== null) return this.catalog.ofRun(tenant, workflow);
    const { agent, version } = call.config;
    if (isJsonObject(agent)) return this.inline(call.run, agent);
    const found = await call.step('agent', { type: 'agent.version' }, async () => {
      const { versionId } = await this.catalog.version(tenant, String(agent), typeof version === 'number' ? version : undefined);
      return { version_id: versionId };
    });
    return this.catalog.load(String((found as JsonObject)['version_id']));
  }

  /** An agent of the workflow has the workflow's version, and budgets of its own. */
  private inline({ workflow }: DurableCall['run'], value: JsonObject): LoadedAgent {
    const checked = readInlineAgent(value, this.config);
    if ('errors' in checked) {
      const [first] = checked.errors;
      throw new StepError('invalid_agent', `config.agent${first?.path ?? ''} ${first?.message ?? ''}`, {
        retryable: false,
        details: checked.errors as unknown as Json,
      });
    }
    const { definition } = checked;
    return { id: `${workflow?.id ?? ''}/${definition.name}`, name: definition.name, version: workflow?.version ?? 1, definition };
  }
}
