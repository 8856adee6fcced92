import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import type { InputsPreparer } from '../../engine/graph/index.js';
import type { WorkflowDefinition } from '../../engine/model/definition.js';
import type { JsonObject } from '../../engine/model/json.js';
import { StepError } from '../../engine/model/step-error.js';
import type { Definitions, StoredDefinition } from '../../engine/ports/definitions.js';
import { StoreUnavailableError } from '../../engine/ports/run-store.js';
import { type CompiledWorkflow, compileWorkflow, inputsPreparerOf } from '../../engine/workflow/index.js';
import { isUnavailable } from '../../platform/database/index.js';
import { inputFilesOf } from './input-files.js';
import { LatestLookup } from './latest-lookup.js';
import { sourceOfVersion } from './source.js';
import { formatWorkflowName } from './workflow-name.js';

/** Characters of definitions kept in memory. */
const CACHE_SIZE = 64 * 1024 * 1024;

/** What a definition becomes for its runs; lives as long as the definition is cached. */
interface Prepared {
  workflow?: CompiledWorkflow;
  inputs?: InputsPreparer;
}

interface Cached {
  readonly stored: StoredDefinition;
  readonly size: number;
}

/** Where the engine and the runs module find definitions. Versions never change, so each is read and compiled once. */
@Injectable()
export class DefinitionsService implements Definitions {
  private readonly cache = new LRUCache<string, Cached>({
    maxSize: CACHE_SIZE,
    sizeCalculation: ({ size }) => size,
    fetchMethod: (versionId) => this.load(versionId),
  });
  private readonly prepared = new WeakMap<StoredDefinition, Prepared>();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly latest: LatestLookup,
  ) {}

  async byVersionId(versionId: string): Promise<StoredDefinition> {
    const cached = await this.cache.fetch(versionId).catch(rethrow);
    if (cached === undefined)
      throw new StepError('definition_missing', 'The workflow version of this run does not exist.', { retryable: false });
    return cached.stored;
  }

  async resolve(tenant: string, ref: string, version?: number): Promise<StoredDefinition | null> {
    const versionId = await this.latest.find(tenant, ref, version).catch(rethrow);
    return versionId === null ? null : this.byVersionId(versionId);
  }

  prepareInputs(definition: StoredDefinition, inputs: JsonObject): JsonObject {
    const prepared = this.preparedFor(definition);
    prepared.inputs ??= inputsPreparerOf(definition.definition, inputFilesOf(definition.source));
    return prepared.inputs(inputs);
  }

  /** The definition ready to run, compiled once per version. */
  compiled(definition: StoredDefinition): CompiledWorkflow {
    const prepared = this.preparedFor(definition);
    prepared.workflow ??= compileWorkflow(definition.definition);
    return prepared.workflow;
  }

  private preparedFor(definition: StoredDefinition): Prepared {
    const known = this.prepared.get(definition);
    if (known !== undefined) return known;
    const prepared: Prepared = {};
    this.prepared.set(definition, prepared);
    return prepared;
  }

  private async load(versionId: string): Promise<Cached | undefined> {
    const [row] = await this.dataSource.query<VersionRow[]>(
      `SELECT v.id, v.workflow_id, v.tenant_id, v.version, v.created_by, v.definition::text AS definition, w.kind, w.namespace, w.name
       FROM workflow_versions v JOIN workflows w ON w.id = v.workflow_id
       WHERE v.id = $1`,
      [versionId],
    );
    if (row === undefined) return undefined;
    const stored: StoredDefinition = {
      versionId: row.id,
      workflowId: row.workflow_id,
      tenant: row.tenant_id,
      kind: row.kind,
      name: formatWorkflowName(row),
      version: row.version,
      source: sourceOfVersion(row.created_by),
      definition: JSON.parse(row.definition) as WorkflowDefinition,
    };
    return { stored, size: row.definition.length };
  }
}

/** The engine knows an unreachable database by one error only. */
function rethrow(error: unknown): never {
  throw isUnavailable(error) ? new StoreUnavailableError('the definitions cannot be read', { cause: error }) : error;
}

interface VersionRow {
  readonly id: string;
  readonly workflow_id: string;
  readonly tenant_id: string;
  readonly kind: 'workflow' | 'agent' | 'internal';
  readonly version: number;
  readonly created_by: string | null;
  readonly definition: string;
  readonly namespace: string;
  readonly name: string;
}
