import { Injectable } from '@nestjs/common';
import {
  toDot,
  toMermaid,
  type DefinitionFault,
  type GraphFormat,
  type GraphView,
  type ValidationResult,
} from '../../engine/graph/index.js';
import type { WorkflowDefinition } from '../../engine/model/definition.js';
import type { Json, JsonObject } from '../../engine/model/json.js';
import { StepError } from '../../engine/model/step-error.js';
import { inputsPreparerOf, validateWorkflow, viewWorkflow } from '../../engine/workflow/index.js';
import type { Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { NodeTypeRegistry } from '../nodes/index.js';
import { DefinitionExtensions } from './definition-extensions.js';
import type { ListWorkflowsQueryDto } from './dto/list-workflows.dto.js';
import type { ValidationDto } from './dto/validation.dto.js';
import {
  toWorkflowDetailDto,
  toWorkflowDto,
  toWorkflowVersionDto,
  type StoredWorkflowDto,
  type WorkflowDetailDto,
  type WorkflowDto,
  type WorkflowVersionDto,
} from './dto/workflow.dto.js';
import { FileWarnings } from './file-warnings.js';
import { inputFilesOf } from './input-files.js';
import { parseYaml, type ParsedDefinition } from './parse-definition.js';
import { API_SOURCE, sourceOfVersion } from './source.js';
import { WorkflowQueries, type WorkflowWithDefinition } from './workflow-queries.js';
import { type StoredVersion, type StoreWorkflow, WorkflowStore } from './workflow-store.js';
import { formatWorkflowName, parseWorkflowName, type WorkflowName } from './workflow-name.js';
import { invalidDefinition, malformedYaml, workflowNotFound } from './workflows.errors.js';

/** A definition as it arrives: a JSON value, or the text of a YAML document. */
export type DefinitionBody = { readonly json: Json } | { readonly yaml: string };

/** A valid definition on its way into the store. */
export interface CheckedDefinition {
  readonly name: WorkflowName;
  readonly definition: WorkflowDefinition;
  readonly warnings: readonly DefinitionFault[];
}

/** Stores, shows and checks workflows of the caller's tenant. */
@Injectable()
export class WorkflowsService {
  constructor(
    private readonly workflows: WorkflowStore,
    private readonly queries: WorkflowQueries,
    private readonly nodeTypes: NodeTypeRegistry,
    private readonly extensions: DefinitionExtensions,
    private readonly fileWarnings: FileWarnings,
  ) {}

  async create(
    principal: Principal,
    body: DefinitionBody,
    reservedId?: string,
  ): Promise<{ readonly workflow: StoredWorkflowDto; readonly created: boolean }> {
    const checked = this.check(body, API_SOURCE);
    const stored = await this.store(principal.tenant, checked, { createdBy: principal.keyId, origin: null, versionId: reservedId });
    const workflow = await this.find(principal.tenant, stored.workflowId, stored.version);
    return { workflow: { ...toWorkflowDetailDto(workflow), warnings: [...checked.warnings] }, created: stored.created };
  }

  /** Reads and validates a definition of a source. Throws what its author is told. */
  check(body: DefinitionBody, source: string): CheckedDefinition {
    const parsed = parse(body);
    if ('errors' in parsed) throw malformedYaml(parsed.errors);
    const { valid, errors, warnings } = this.faultsOf(parsed.value, source);
    if (!valid) throw invalidDefinition(errors);
    const definition = parsed.value as unknown as WorkflowDefinition;
    const name = parseWorkflowName(definition.name);
    if (name === null) throw new Error(`a valid definition has no valid name: ${definition.name}`);
    return { name, definition, warnings };
  }

  store(
    tenant: string,
    { name, definition }: CheckedDefinition,
    from: Pick<StoreWorkflow, 'createdBy' | 'origin' | 'versionId'>,
  ): Promise<StoredVersion> {
    return this.workflows.store({ tenant, name, definition, ...from });
  }

  list(principal: Principal, query: ListWorkflowsQueryDto): Promise<Page<WorkflowDto>> {
    return this.queries.list(principal.tenant, query, toWorkflowDto);
  }

  async get(principal: Principal, ref: string, version?: number): Promise<WorkflowDetailDto> {
    return toWorkflowDetailDto(await this.find(principal.tenant, ref, version));
  }

  async delete(principal: Principal, ref: string): Promise<void> {
    if (!(await this.queries.delete(principal.tenant, ref))) throw workflowNotFound();
  }

  async listVersions(principal: Principal, ref: string, query: PageQueryDto): Promise<Page<WorkflowVersionDto>> {
    const page = await this.queries.listVersions(principal.tenant, ref, query, toWorkflowVersionDto);
    if (page === null) throw workflowNotFound();
    return page;
  }

  /** Never throws for a faulty definition: its faults are the answer. */
  validate(body: DefinitionBody): ValidationDto {
    const parsed = parse(body);
    if ('errors' in parsed) return { valid: false, errors: [...parsed.errors], warnings: [], levels: [] };
    return toValidationDto(this.faultsOf(parsed.value, API_SOURCE));
  }

  /** Checks a stored definition against the node types of today, and inputs against its schema when there are any. */
  async validateStored(
    principal: Principal,
    ref: string,
    version: number | undefined,
    inputs: JsonObject | undefined,
  ): Promise<ValidationDto> {
    const row = await this.find(principal.tenant, ref, version);
    const { definition } = row;
    const source = sourceOfVersion(row.created_by);
    const validation = toValidationDto(this.faultsOf(definition as unknown as Json, source));
    const faults = inputs === undefined ? [] : inputFaults(definition, source, inputs);
    const written = row.version === row.latest_version ? this.fileWarnings.of(source, formatWorkflowName(row)) : [];
    return {
      ...validation,
      valid: validation.valid && faults.length === 0,
      errors: [...validation.errors, ...faults],
      warnings: [...written, ...validation.warnings],
    };
  }

  async graph(principal: Principal, ref: string, version: number | undefined, format: GraphFormat): Promise<GraphView | string> {
    const { definition } = await this.find(principal.tenant, ref, version);
    const view = viewWorkflow(definition);
    if (format === 'json') return view;
    return format === 'mermaid' ? toMermaid(view) : toDot(view);
  }

  private faultsOf(definition: Json, source: string): ValidationResult {
    const result = validateWorkflow(definition, this.nodeTypes);
    const errors = [...result.errors, ...this.extensions.check(definition, source)];
    return { ...result, valid: errors.length === 0, errors };
  }

  private async find(tenant: string, ref: string, version?: number): Promise<WorkflowWithDefinition> {
    const workflow = await this.queries.find(tenant, ref, version);
    if (workflow === null) throw workflowNotFound();
    return workflow;
  }
}

function parse(body: DefinitionBody): ParsedDefinition {
  return 'json' in body ? { value: body.json } : parseYaml(body.yaml);
}

function toValidationDto({ valid, errors, warnings, levels }: ValidationResult): ValidationDto {
  return { valid, errors: [...errors], warnings: [...warnings], levels: levels.map((level) => [...level]) };
}

function inputFaults(definition: WorkflowDefinition, source: string, inputs: JsonObject): DefinitionFault[] {
  try {
    inputsPreparerOf(definition, inputFilesOf(source))(inputs);
    return [];
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    return (error.details as unknown as DefinitionFault[]).map((fault) => ({ ...fault, path: `/inputs${fault.path}` }));
  }
}
