import type { Json, JsonObject } from '../../../engine/index.js';
import type { FireError } from '../trigger-row.js';
import type { TriggerKind } from '../trigger-definition.js';

/**
 * One firing of a trigger. The id of its run is drawn before anything is submitted and stored with it, so that however often
 * it is submitted, by whichever node after whichever crash, there is one run.
 */
export interface NewFire {
  readonly runId: string;
  readonly triggerId: string;
  /** Unique per trigger: the scheduled instant, the id of a message, the place of an event. */
  readonly key: string;
  readonly inputs: JsonObject;
  /** Triggers whose fires led to this one. */
  readonly chain: readonly string[];
  /** Why it will start no run. */
  readonly error: FireError | null;
}

/** A fire taken to be submitted. */
export interface ClaimedFire {
  readonly run_id: string;
  readonly tenant_id: string;
  readonly trigger_id: string;
  readonly fire_key: string;
  readonly inputs: JsonObject;
  readonly error: FireError | null;
  readonly attempts: number;
  readonly kind: TriggerKind;
  readonly workflow_id: string;
  readonly config: { readonly [key: string]: Json };
  /** A node died between submitting the run and saying so. */
  readonly run_exists: boolean;
}

export function fireError(code: string, message: string): FireError {
  return { code, message, at: new Date().toISOString() };
}
