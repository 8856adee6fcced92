import type { Json, JsonObject } from '../model/json.js';
import { StepError } from '../model/step-error.js';
import { compileInputsSchema, toFaults } from './schemas.js';

/** Checks a run's inputs and fills in what its workflow's schema gives by default. Never changes what it is given. */
export type InputsPreparer = (inputs: JsonObject) => JsonObject;

/** Compiles the schema of a workflow's inputs. The preparer throws `StepError('invalid_inputs')`; its details are faults with JSON pointers into the inputs. */
export function createInputsPreparer(schema: JsonObject | undefined): InputsPreparer {
  if (schema === undefined || Object.keys(schema).length === 0) return (inputs) => inputs;
  const validate = compileInputsSchema(schema);
  const fillsDefaults = JSON.stringify(schema).includes('"default":');
  return (inputs) => {
    const prepared = fillsDefaults ? structuredClone(inputs) : inputs;
    if (validate(prepared)) return prepared;
    const faults = toFaults(validate.errors ?? []);
    const message = `the inputs do not fit: ${faults.map((fault) => `${fault.path || 'inputs'} ${fault.message}`).join('; ')}`;
    throw new StepError('invalid_inputs', message.slice(0, 1000), { retryable: false, details: faults as unknown as Json });
  };
}
