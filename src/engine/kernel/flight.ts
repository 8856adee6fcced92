import type { JsonObject } from '../model/json.js';
import { redactor } from './redact.js';
import type { StepInput, StepSpec } from './run-context.js';

/** A step attempt that is being executed in this process. */
export interface Flight {
  readonly path: string;
  readonly attempt: number;
  readonly openedAt: number;
  readonly nodeId: string;
  readonly nodeType: string;
  /** Whether the attempt has a `step.started` row of its own. */
  announced: boolean;
  /** Whether an earlier execution of the attempt began and was not seen to end. */
  readonly interrupted: boolean;
  readonly recorded: JsonObject | undefined;
  readonly secrets: readonly string[];
  readonly redact: ((text: string) => string) | undefined;
  /** Called before the `step.started` row is written. */
  readonly beforeStart: (() => void) | undefined;
  /** Ends this step alone. */
  readonly scope: AbortSignal | undefined;
  /** Ends the attempt whatever its work does: timeout, or cancelled work that does not stop in time. */
  reject: (error: Error) => void;
}

/** An attempt that begins. `interrupted`: an earlier execution of it began and was not seen to end. */
export function newFlight(path: string, spec: StepSpec, attempt: number, input: StepInput, openedAt: number, interrupted: boolean): Flight {
  return {
    path,
    attempt,
    openedAt,
    nodeId: spec.nodeId,
    nodeType: spec.nodeType,
    announced: false,
    interrupted,
    recorded: input.recorded,
    secrets: input.secrets,
    redact: redactor(input.secrets),
    beforeStart: spec.beforeStart,
    scope: spec.signal,
    reject: () => undefined,
  };
}

/** Whether a row also carries the attempt's start, or only refers to it. */
export function opening(flight: Flight): { startedAt: number } | { openedAt: number } {
  return flight.announced ? { startedAt: flight.openedAt } : { openedAt: flight.openedAt };
}

/** What the first row of the attempt says of it. */
export function openingData(flight: Flight): JsonObject {
  const { nodeId, nodeType, recorded } = flight;
  return recorded === undefined ? { node_id: nodeId, node_type: nodeType } : { node_id: nodeId, node_type: nodeType, inputs: recorded };
}

/** What a row says of a step that has no attempt. */
export function specData(spec: StepSpec): JsonObject {
  return { node_id: spec.nodeId, node_type: spec.nodeType };
}
