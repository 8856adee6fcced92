import { Injectable } from '@nestjs/common';
import type { DefinitionFault } from '../../engine/graph/index.js';
import type { Json } from '../../engine/index.js';
import { UnprocessableError } from '../../platform/errors/app-error.js';
import type { Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { parseYaml, type StoredVersion, WorkflowStore } from '../workflows/index.js';
import { AgentQueries, type AgentRow } from './agent-queries.js';
import { agentNotDeployed, agentNotFound, invalidAgent, malformedYaml } from './agents.errors.js';
import type { AgentDefinition } from './definition/agent-definition.js';
import { checkAgent } from './definition/check-agent.js';
import { compileAgent } from './definition/compile-agent.js';
import {
  toAgentDetailDto,
  toAgentDto,
  toAgentVersionDto,
  type AgentDetailDto,
  type AgentDto,
  type AgentVersionDto,
  type StoredAgentDto,
} from './dto/agent.dto.js';
import type { ListAgentsQueryDto } from './dto/list-agents.dto.js';

/** A definition as it arrives: a JSON value, or the text of a YAML document. */
export type AgentBody = { readonly json: Json } | { readonly yaml: string };

export interface ReadAgent {
  readonly definition: AgentDefinition;
  readonly warnings: readonly DefinitionFault[];
}

/** Stores, shows and checks agents of the caller's tenant. */
@Injectable()
export class AgentsService {
  constructor(
    private readonly store: WorkflowStore,
    private readonly queries: AgentQueries,
  ) {}

  /** With `draft`, no run of it starts until it is deployed, also when it was deployed before. */
  async create(
    principal: Principal,
    body: AgentBody,
    { reservedId, draft = false }: { readonly reservedId?: string | undefined; readonly draft?: boolean | undefined } = {},
  ): Promise<{ readonly agent: StoredAgentDto; readonly created: boolean }> {
    return this.save(principal, this.check(body), draft, reservedId);
  }

  /** Stores the next version of an agent that exists. `draft` as in `create`. */
  async replace(principal: Principal, name: string, body: AgentBody, draft = false): Promise<StoredAgentDto> {
    const read = this.check(body);
    const known = await this.find(principal.tenant, name);
    if (read.definition.name !== known.name) {
      throw new UnprocessableError('the definition names another agent', [
        { path: '/name', code: 'name', message: `must be "${known.name}"` },
      ]);
    }
    return (await this.save(principal, read, draft)).agent;
  }

  /** Reads and validates a definition. Throws what its author is told. */
  check(body: AgentBody): ReadAgent {
    const parsed = 'json' in body ? { value: body.json } : parseYaml(body.yaml);
    if ('errors' in parsed) throw malformedYaml(parsed.errors);
    const checked = checkAgent(parsed.value);
    if ('errors' in checked) throw invalidAgent(checked.errors);
    return checked;
  }

  /** Never throws for a faulty definition: its faults are the answer. */
  validate(body: AgentBody): { readonly valid: boolean; readonly errors: DefinitionFault[]; readonly warnings: DefinitionFault[] } {
    const parsed = 'json' in body ? { value: body.json } : parseYaml(body.yaml);
    const checked = 'errors' in parsed ? parsed : checkAgent(parsed.value);
    if ('errors' in checked) return { valid: false, errors: [...checked.errors], warnings: [] };
    return { valid: true, errors: [], warnings: [...checked.warnings] };
  }

  /** `createdBy` is `fs:<name>` for a file, else the id of the key. */
  saveAs(
    tenant: string,
    { definition }: ReadAgent,
    createdBy: string | null,
    { versionId, draft = false }: { readonly versionId?: string | undefined; readonly draft?: boolean } = {},
  ): Promise<StoredVersion> {
    return this.store.store({
      tenant,
      kind: 'agent',
      name: { namespace: '', name: definition.name },
      definition: compileAgent(definition),
      createdBy,
      origin: null,
      lifecycle: draft ? 'draft' : undefined,
      versionId,
    });
  }

  list(principal: Principal, query: ListAgentsQueryDto): Promise<Page<AgentDto>> {
    return this.queries.list(principal.tenant, query, toAgentDto);
  }

  /** As `list`, with their definitions. */
  listDetails(principal: Principal, query: ListAgentsQueryDto): Promise<Page<AgentDetailDto>> {
    return this.queries.list(principal.tenant, query, toAgentDetailDto);
  }

  async get(principal: Principal, name: string, version?: number): Promise<AgentDetailDto> {
    return toAgentDetailDto(await this.find(principal.tenant, name, version));
  }

  async listVersions(principal: Principal, name: string, query: PageQueryDto): Promise<Page<AgentVersionDto>> {
    const page = await this.queries.listVersions(principal.tenant, name, query, toAgentVersionDto);
    if (page === null) throw agentNotFound();
    return page;
  }

  /** From now on it takes runs. */
  async deploy(principal: Principal, name: string): Promise<AgentDto> {
    await this.queries.setLifecycle(principal.tenant, name, null);
    return toAgentDto(await this.find(principal.tenant, name));
  }

  /** From now on no run of it starts; those under way go on. Throws 409 for one that is not deployed yet. */
  async pause(principal: Principal, name: string): Promise<AgentDto> {
    const { name: known, lifecycle } = await this.find(principal.tenant, name);
    if (lifecycle === 'draft') throw agentNotDeployed(known, lifecycle);
    await this.queries.setLifecycle(principal.tenant, name, 'paused');
    return toAgentDto(await this.find(principal.tenant, name));
  }

  async delete(principal: Principal, name: string): Promise<void> {
    if (!(await this.queries.delete(principal.tenant, name))) throw agentNotFound();
  }

  private async save(
    principal: Principal,
    read: ReadAgent,
    draft: boolean,
    reservedId?: string,
  ): Promise<{ readonly agent: StoredAgentDto; readonly created: boolean }> {
    // Before its next version is there: that one must not be run meanwhile.
    if (draft) await this.queries.setLifecycle(principal.tenant, read.definition.name, 'draft');
    const stored = await this.saveAs(principal.tenant, read, principal.keyId, { versionId: reservedId, draft });
    const row = await this.find(principal.tenant, stored.workflowId, stored.version);
    return { agent: { ...toAgentDetailDto(row), warnings: [...read.warnings] }, created: stored.created };
  }

  private async find(tenant: string, ref: string, version?: number): Promise<AgentRow> {
    const row = await this.queries.find(tenant, ref, version);
    if (row === null) throw agentNotFound();
    return row;
  }
}
