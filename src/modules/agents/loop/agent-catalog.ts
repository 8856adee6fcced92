import { Injectable } from '@nestjs/common';
import { StepError, type StoredDefinition } from '../../../engine/index.js';
import { DefinitionsService } from '../../workflows/index.js';
import { AgentQueries } from '../agent-queries.js';
import { agentNotDeployed } from '../agents.errors.js';
import type { AgentDefinition } from '../definition/agent-definition.js';
import type { LoadedAgent } from './agent-run.js';

/** Where runs find agents. Versions never change, so each is read once. */
@Injectable()
export class AgentCatalog {
  constructor(
    private readonly definitions: DefinitionsService,
    private readonly queries: AgentQueries,
  ) {}

  /** A version of an agent, by name or id, the latest unless one is named. Throws `StepError`: `unknown_agent`, `agent_not_deployed`. */
  async version(tenant: string, name: string, version?: number): Promise<{ readonly versionId: string }> {
    const row = await this.queries.find(tenant, name, version);
    if (row === null) throw new StepError('unknown_agent', `there is no agent "${name}"`, { retryable: false });
    if (row.lifecycle !== null)
      throw new StepError('agent_not_deployed', agentNotDeployed(row.name, row.lifecycle).detail, { retryable: false });
    return { versionId: row.version_id };
  }

  async load(versionId: string): Promise<LoadedAgent> {
    return loaded(await this.definitions.byVersionId(versionId));
  }

  /** The version that an agent's own run executes. */
  async ofRun(tenant: string, workflow: { readonly id: string; readonly version: number }): Promise<LoadedAgent> {
    const stored = await this.definitions.resolve(tenant, workflow.id, workflow.version);
    if (stored === null) throw new StepError('unknown_agent', 'the agent of this run was deleted', { retryable: false });
    return loaded(stored);
  }
}

function loaded({ workflowId, name, version, definition }: StoredDefinition): LoadedAgent {
  const agent = definition.kind === 'states' ? undefined : definition.agent;
  if (agent === undefined) throw new StepError('unknown_agent', `${name} is no agent`, { retryable: false });
  return { id: workflowId, name, version, definition: agent as unknown as AgentDefinition };
}
