import type { CompiledCondition, Scope } from '../expressions/index.js';
import { isJsonObject } from '../model/json.js';
import { StepError } from '../model/step-error.js';

/** Faults that mean that something asked about is not there. */
const MISSING = new Set(['no_such_key', 'index_out_of_bounds', 'unknown_variable']);

/**
 * Whether a condition of a state machine holds. It is total where the machine is not there yet: a state that has not run,
 * or anything else that is missing, makes the whole of it false. Other faults throw.
 */
export function holds(condition: CompiledCondition, scope: Scope): boolean {
  const states = scope.states ?? {};
  for (const name of condition.references.states) if (!Object.hasOwn(states, name)) return false;
  try {
    return condition.constant ?? condition.evaluate(scope);
  } catch (error) {
    if (error instanceof StepError && isJsonObject(error.details) && MISSING.has(String(error.details['reason']))) return false;
    throw error;
  }
}
