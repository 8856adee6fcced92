import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { NotFoundError } from '../../platform/errors/app-error.js';
import type { Page, PageQueryDto } from '../../platform/http/page.js';
import type { Principal } from '../../platform/http/permissions.js';
import { DefinitionsService } from '../workflows/index.js';
import { CronClock } from './cron-clock.js';
import {
  type CreateTriggerDto,
  type IssuedTriggerDto,
  toIssuedTriggerDto,
  toTriggerDto,
  type TriggerDto,
  type UpdateTriggerDto,
} from './dto/trigger.dto.js';
import { HookAccessIssuer } from './hook-access.js';
import { checkTrigger, type TriggerSpec } from './trigger-definition.js';
import type { TriggerRow } from './trigger-row.js';
import { TriggerStore } from './trigger-store.js';
import { definedByWorkflow, invalidTrigger, withoutAccess } from './triggers.errors.js';

/** Triggers of the caller's tenant. */
@Injectable()
export class TriggersService {
  constructor(
    private readonly triggers: TriggerStore,
    private readonly definitions: DefinitionsService,
    private readonly access: HookAccessIssuer,
    private readonly clock: CronClock,
  ) {}

  async create(principal: Principal, workflow: string, body: CreateTriggerDto, reservedId?: string): Promise<IssuedTriggerDto> {
    const { tenant } = principal;
    const workflowId = await this.workflowId(tenant, workflow);
    const spec = checked(body);
    const id = reservedId ?? uuidv7();
    const access = spec.kind === 'webhook' ? this.access.issue(id) : null;
    await this.triggers.create({ id, tenant, workflowId, spec, source: 'api', access: access?.stored ?? null });
    this.clock.wake();
    return toIssuedTriggerDto(await this.find(tenant, id), access?.issued ?? null);
  }

  async list(principal: Principal, workflow: string, query: PageQueryDto): Promise<Page<TriggerDto>> {
    return this.triggers.list(principal.tenant, await this.workflowId(principal.tenant, workflow), query, toTriggerDto);
  }

  async get(principal: Principal, id: string): Promise<TriggerDto> {
    return toTriggerDto(await this.find(principal.tenant, id));
  }

  async update(principal: Principal, id: string, { enabled, ...content }: UpdateTriggerDto): Promise<TriggerDto> {
    const row = await this.find(principal.tenant, id);
    const rewritten = Object.values(content).some((value) => value !== undefined);
    if (row.source === 'definition' && rewritten) throw definedByWorkflow();
    const name = content.name ?? row.name;
    const spec = checked({
      kind: row.kind,
      enabled: enabled ?? row.enabled,
      config: content.config ?? row.config,
      inputs: content.inputs ?? row.inputs,
      ...(name === null ? {} : { name }),
    });
    await this.triggers.change(id, spec);
    this.clock.wake();
    return this.get(principal, id);
  }

  async delete(principal: Principal, id: string): Promise<void> {
    const row = await this.find(principal.tenant, id);
    if (row.source === 'definition') throw definedByWorkflow();
    await this.triggers.delete(id);
  }

  async rotate(principal: Principal, id: string): Promise<IssuedTriggerDto> {
    const row = await this.find(principal.tenant, id);
    if (row.kind !== 'webhook') throw withoutAccess();
    const { issued, stored } = this.access.issue(id);
    await this.triggers.setAccess(id, stored);
    return toIssuedTriggerDto(row, issued);
  }

  private async find(tenant: string, id: string): Promise<TriggerRow> {
    const row = await this.triggers.find(tenant, id);
    if (row === null) throw new NotFoundError('trigger');
    return row;
  }

  private async workflowId(tenant: string, ref: string): Promise<string> {
    const definition = await this.definitions.resolve(tenant, ref);
    if (definition === null) throw new NotFoundError('workflow');
    return definition.workflowId;
  }
}

function checked(trigger: CreateTriggerDto): TriggerSpec {
  const result = checkTrigger({ ...trigger }, '');
  if ('faults' in result) throw invalidTrigger(result.faults);
  return result.spec;
}
