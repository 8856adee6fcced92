import { Injectable } from '@nestjs/common';
import type { JsonObject } from '../../engine/index.js';
import { DEFAULT_TENANT } from '../../modules/auth/index.js';
import { type RunDto, StartRunService } from '../../modules/runs/index.js';
import { JobsService, WorkflowFilesService, type WorkflowFileError, WorkflowsService } from '../../modules/workflows/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import type { Principal } from '../../platform/http/permissions.js';
import { everyPage, orInstead } from '../kit/index.js';
import { NOT_STARTED, workflowNotFound } from './problems.js';
import { errorTexts, nameOfFile, unreadableItem, workflowDetail, workflowItem } from './workflow-views.js';

/** Workflows as AWF lists, shows, validates and runs them. */
@Injectable()
export class AwfWorkflows {
  constructor(
    private readonly jobs: JobsService,
    private readonly workflows: WorkflowsService,
    private readonly files: WorkflowFilesService,
    private readonly starter: StartRunService,
  ) {}

  async list(principal: Principal): Promise<object[]> {
    const jobs = await everyPage((page) => this.jobs.list(principal, page));
    const known = new Set(jobs.map(({ path, source }) => `${source} ${path}`));
    const unreadable = this.unreadable(principal).filter(({ source, file }) => !known.has(`${source} ${file}`));
    return [...jobs.map(workflowItem), ...unreadable.map(({ file }) => unreadableItem(file))];
  }

  async get(principal: Principal, name: string): Promise<object> {
    const workflow = await orInstead(this.workflows.get(principal, name), workflowNotFound(name));
    const { version } = await this.jobs.get(principal, workflow.name);
    return workflowDetail(workflow, version);
  }

  /** What is wrong with a workflow; also with one whose file cannot be loaded. */
  async validate(principal: Principal, name: string): Promise<string[]> {
    const broken = this.unreadable(principal).find(({ file }) => nameOfFile(file) === name);
    if (broken !== undefined) return errorTexts(broken);
    const { errors } = await orInstead(this.workflows.validateStored(principal, name, undefined, undefined), workflowNotFound(name));
    return errorTexts({ message: '', errors }).filter((text) => text !== '');
  }

  /** Throws 404, and 422 with the reason why it cannot start. */
  async run({ tenant, keyId }: Principal, name: string, inputs: JsonObject, reservedId?: string): Promise<RunDto> {
    try {
      return await orInstead(
        this.starter.start({ tenant, keyId, workflow: name, inputs, trigger: 'api', id: reservedId }),
        workflowNotFound(name),
      );
    } catch (error) {
      if (!(error instanceof AppError) || error.status === 404 || error.status >= 500) throw error;
      const reason = error.errors.length === 0 ? error.detail : reasonOf(error);
      throw new AppError(422, NOT_STARTED, `failed to start execution: ${reason}`, { errors: error.errors, cause: error });
    }
  }

  private unreadable({ tenant }: Principal): WorkflowFileError[] {
    return tenant === DEFAULT_TENANT ? this.files.loadErrors().filter(({ format }) => format === 'awf') : [];
  }
}

/** Several faults are counted and listed, one stands alone. */
function reasonOf({ errors }: AppError): string {
  const texts = errors.map(({ path, message }) => `${path.slice(1).replaceAll('/', '.')}: ${message}`);
  return texts.length === 1 ? (texts[0] ?? '') : [`${texts.length} errors:`, ...texts.map((text) => `  - ${text}`)].join('\n');
}
