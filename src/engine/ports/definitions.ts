import type { JsonObject } from '../model/json.js';
import type { WorkflowDefinition } from '../model/definition.js';

/** An immutable version of a workflow. */
export interface StoredDefinition {
  readonly versionId: string;
  readonly workflowId: string;
  readonly tenant: string;
  /** What its runs are runs of; absent means a workflow. `internal`: a workflow of the server's own, which is not listed. */
  readonly kind?: 'workflow' | 'agent' | 'internal';
  readonly name: string;
  readonly version: number;
  /** `api` or `fs:<name>`. */
  readonly source: string;
  readonly definition: WorkflowDefinition;
}

/**
 * Where the engine finds definitions. Versions are immutable, so implementations cache them. What cannot be read at the
 * moment throws `StoreUnavailableError`.
 */
export interface Definitions {
  /** Throws `StepError('definition_missing')` when the version does not exist; any other error is taken as passing. */
  byVersionId(versionId: string): Promise<StoredDefinition>;
  /** By id or `namespace/name` within a tenant, the latest version unless one is named; null when there is none. */
  resolve(tenant: string, ref: string, version?: number): Promise<StoredDefinition | null>;
  /** Checks inputs against the definition's schema and fills its defaults. Throws `StepError('invalid_inputs')` with details. */
  prepareInputs(definition: StoredDefinition, inputs: JsonObject): JsonObject;
}
