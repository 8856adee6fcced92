import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type DataSource, type EntityManager, IsNull } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { WorkflowDefinition } from '../../engine/model/definition.js';
import { DefinitionExtensions } from './definition-extensions.js';
import { hashDefinition } from './definition-hash.js';
import { WorkflowEntity } from './entities/workflow.entity.js';
import type { DefinitionOrigin } from './origin.js';
import { API_SOURCE, sourceOfVersion } from './source.js';
import { contendedName } from './workflows.errors.js';
import { formatWorkflowName, type WorkflowName } from './workflow-name.js';

/** Tries to lock a row that others delete meanwhile. */
const MAX_TRIES = 5;

export interface StoreWorkflow {
  readonly tenant: string;
  /** Agents are stored as what their runs execute; they have no namespace, nor has what is internal, which keeps them apart from workflows. */
  readonly kind?: 'workflow' | 'agent' | 'internal';
  readonly name: WorkflowName;
  /** Valid. Stored as it is, but for its name, which becomes `namespace/name`. */
  readonly definition: WorkflowDefinition;
  /** `fs:<name>` for a file of a directory, else the id of the key; null without one. */
  readonly createdBy: string | null;
  /** Null for a definition that came by API. */
  readonly origin: DefinitionOrigin | null;
  /** Of a new agent that is not deployed yet; what exists stays as it is. */
  readonly lifecycle?: 'draft' | undefined;
  /** The new version's id, when one is reserved. */
  readonly versionId?: string | undefined;
}

export interface StoredVersion {
  readonly workflowId: string;
  readonly version: number;
  /** False: the same content was there already. */
  readonly created: boolean;
}

/**
 * Writes versions. However many requests and nodes store the same workflow at once, versions are numbered without gaps and the
 * same content makes one version: whoever comes second waits for the workflow's row, and then finds the content there.
 */
@Injectable()
export class WorkflowStore {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly extensions: DefinitionExtensions,
  ) {}

  async store(request: StoreWorkflow): Promise<StoredVersion> {
    const definition = { ...request.definition, name: formatWorkflowName(request.name) };
    const hash = hashDefinition(definition, request.origin);
    const known = await this.findSame(this.dataSource.manager, request, await this.findWorkflow(this.dataSource.manager, request), hash);
    if (known !== null) return known;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const stored = await this.dataSource.transaction((manager) => this.addVersion(manager, request, definition, hash));
      if (stored !== null) return stored;
    }
    throw contendedName();
  }

  private async addVersion(
    manager: EntityManager,
    request: StoreWorkflow,
    definition: WorkflowDefinition,
    hash: Buffer,
  ): Promise<StoredVersion | null> {
    const { tenant, kind = 'workflow', name, lifecycle = null, createdBy, origin, versionId } = request;
    const source = sourceOfVersion(createdBy);
    await manager.query(
      `INSERT INTO workflows (id, tenant_id, kind, namespace, name, lifecycle, source, latest_version) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
       ON CONFLICT (tenant_id, namespace, name) WHERE deleted_at IS NULL DO NOTHING`,
      [uuidv7(), tenant, kind, name.namespace, name.name, lifecycle, source],
    );
    const workflow = await this.findWorkflow(manager, request, true);
    if (workflow === null) return null;
    const known = await this.findSame(manager, request, workflow, hash);
    if (known !== null) return known;

    const version = workflow.latestVersion + 1;
    await manager.query(
      `INSERT INTO workflow_versions (id, tenant_id, workflow_id, version, kind, definition, definition_hash, created_by, origin)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        versionId ?? uuidv7(),
        tenant,
        workflow.id,
        version,
        definition.kind ?? 'graph',
        JSON.stringify(definition),
        hash,
        createdBy,
        origin,
      ],
    );
    await manager.query(
      `UPDATE workflows SET latest_version = $2, source = $3, description = $4, tags = $5, updated_at = now() WHERE id = $1`,
      [workflow.id, version, source, definition.description ?? null, definition.tags ?? []],
    );
    await this.extensions.stored(manager, { tenant, workflowId: workflow.id, definition });
    return { workflowId: workflow.id, version, created: true };
  }

  private findWorkflow(manager: EntityManager, { tenant, name }: StoreWorkflow, lock = false): Promise<WorkflowEntity | null> {
    return manager.findOne(WorkflowEntity, {
      where: { tenantId: tenant, namespace: name.namespace, name: name.name, deletedAt: IsNull() },
      ...(lock ? { lock: { mode: 'pessimistic_write' as const } } : {}),
    });
  }

  /**
   * The version that holds this content already. What arrives by API is compared with the latest version; a file with the latest
   * that came from its directory, so that a start does not undo what the API changed after the file.
   */
  private async findSame(
    manager: EntityManager,
    { createdBy, versionId }: StoreWorkflow,
    workflow: WorkflowEntity | null,
    hash: Buffer,
  ): Promise<StoredVersion | null> {
    if (workflow === null || workflow.latestVersion === 0) return null;
    const fromFile = sourceOfVersion(createdBy) !== API_SOURCE;
    const [row] = await manager.query<{ id: string; version: number; same: boolean }[]>(
      `SELECT id, version, definition_hash = $2 AS same FROM workflow_versions
       WHERE workflow_id = $1 AND ($3::text IS NULL OR created_by = $3) ORDER BY version DESC LIMIT 1`,
      [workflow.id, hash, fromFile ? createdBy : null],
    );
    if (row === undefined || !row.same) return null;
    // A repeated request whose first try died after its commit finds the version it created.
    return { workflowId: workflow.id, version: row.version, created: row.id === versionId };
  }
}
