import { Injectable } from '@nestjs/common';
import type { Json } from '../../engine/index.js';
import { DefinitionsService, type WorkflowDetailDto, WorkflowsService } from '../../modules/workflows/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { isUuid } from '../../platform/http/cursor.js';
import type { Principal } from '../../platform/http/permissions.js';
import { everyPage, orAbsent, orInstead } from '../kit/index.js';
import { readWorkflow } from './bodies.js';
import type { FlowEngineWorkflow } from './definition.js';
import { type WorkflowItem, workflowItem, workflowView } from './from-native.js';
import { nameOfId } from './ids.js';
import { badWorkflow, faultText, workflowNotFound } from './problems.js';
import { toNative } from './to-native.js';

/** Workflows as FlowEngine stores, lists and shows them. */
@Injectable()
export class FlowEngineWorkflows {
  constructor(
    private readonly workflows: WorkflowsService,
    private readonly definitions: DefinitionsService,
  ) {}

  /** Every workflow of the tenant, newest first. */
  async list(principal: Principal): Promise<WorkflowItem[]> {
    const workflows = await everyPage((page) => this.workflows.list(principal, page));
    const items: WorkflowItem[] = [];
    // One after the other: definitions are cached, and those that are not are too many to be read at once.
    for (const workflow of workflows) {
      const { definition } = await this.definitions.byVersionId(workflow.version_id);
      items.push(workflowItem(workflow, definition));
    }
    return items;
  }

  /** Stores a workflow under its id, and answers with that. What has come another way cannot be overwritten. */
  async store(principal: Principal, body: unknown, reservedId?: string): Promise<string> {
    const workflow = readWorkflow(body, reservedId);
    const definition = toNative(workflow);
    if (isUuid(workflow.id) && (await orAbsent(this.workflows.get(principal, workflow.id))) !== null) {
      throw new AppError(409, 'foreign_workflow', `Workflow ${workflow.id} was not created through this API`);
    }
    await this.workflows.create(principal, { json: definition as unknown as Json }, reservedId).catch(inWords);
    return workflow.id;
  }

  async get(principal: Principal, id: string): Promise<FlowEngineWorkflow> {
    return workflowView(await this.find(principal, id));
  }

  async delete(principal: Principal, id: string): Promise<void> {
    const { id: ref } = await this.find(principal, id);
    await orInstead(this.workflows.delete(principal, ref), workflowNotFound(id));
  }

  /** The workflow of an id that was sent through this API; else any other by its id or its name. */
  async find(principal: Principal, id: string): Promise<WorkflowDetailDto> {
    const name = nameOfId(id);
    const own = name === null ? null : await orAbsent(this.workflows.get(principal, name));
    return own ?? orInstead(this.workflows.get(principal, id), workflowNotFound(id));
  }
}

/** What our own checks find, in FlowEngine's words. */
function inWords(error: unknown): never {
  if (!(error instanceof AppError) || error.code !== 'invalid_definition') throw error;
  if (error.errors.some(({ code }) => code === 'cycle')) throw badWorkflow('Cyclic dependency detected');
  throw badWorkflow(error.errors.map(faultText).join('; '));
}
