import type { JsonObject } from '../../engine/index.js';
import type { TriggerKind } from './trigger-definition.js';

/** Why the last fire came to nothing. */
export interface FireError {
  readonly code: string;
  readonly message: string;
  /** RFC 3339. */
  readonly at: string;
}

/** A trigger as the queries select it, its workflow `w` joined. */
export interface TriggerRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly workflow_id: string;
  /** `namespace/name` */
  readonly workflow_name: string;
  readonly kind: TriggerKind;
  readonly name: string | null;
  readonly source: 'definition' | 'api';
  readonly config: JsonObject;
  readonly inputs: JsonObject;
  /** Counts changes; a fire that was planned by an older one is not made. */
  readonly revision: number;
  readonly enabled: boolean;
  readonly secret: string | null;
  readonly next_fire_at: Date | null;
  readonly since_xid: string;
  readonly last_fired_at: Date | null;
  readonly last_run_id: string | null;
  readonly last_error: FireError | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const TRIGGER_COLUMNS = `
  t.id, t.tenant_id, t.workflow_id, w.namespace || '/' || w.name AS workflow_name, t.kind, t.name, t.source, t.config, t.inputs, t.revision,
  t.enabled, t.secret, t.next_fire_at, t.since_xid, t.last_fired_at, t.last_run_id, t.last_error, t.created_at, t.updated_at`;

/** A trigger lives as long as its workflow does. */
export const LIVING_TRIGGERS = 'triggers t JOIN workflows w ON w.id = t.workflow_id AND w.deleted_at IS NULL';
