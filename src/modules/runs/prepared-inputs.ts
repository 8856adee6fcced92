import { isJsonObject, type JsonObject, StepError, type StoredDefinition } from '../../engine/index.js';
import type { FieldError } from '../../platform/errors/app-error.js';
import type { DefinitionsService } from '../workflows/index.js';
import { InvalidInputsError } from './runs.errors.js';

/** Inputs checked and completed with their defaults. Throws `InvalidInputsError`, its paths below `pointer` of the request body. */
export function preparedInputs(
  definitions: DefinitionsService,
  definition: StoredDefinition,
  inputs: JsonObject,
  pointer: string,
): JsonObject {
  try {
    return definitions.prepareInputs(definition, inputs);
  } catch (error) {
    if (error instanceof StepError && error.code === 'invalid_inputs') throw new InvalidInputsError(faultsOf(error, pointer));
    throw error;
  }
}

function faultsOf(error: StepError, pointer: string): FieldError[] {
  const details = Array.isArray(error.details) ? error.details : [];
  const faults = details.filter(isJsonObject).map(({ path, code, message }) => ({
    path: `${pointer}${typeof path === 'string' ? path : ''}`,
    code: typeof code === 'string' ? code : 'invalid',
    message: typeof message === 'string' ? message : error.message,
  }));
  return faults.length > 0 ? faults : [{ path: pointer, code: 'invalid', message: error.message }];
}
