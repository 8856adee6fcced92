import { isJsonObject, type JsonObject } from '../../engine/index.js';
import { SchemaValidator } from '../../modules/nodes/index.js';
import { BadRequestError, type FieldError } from '../../platform/errors/app-error.js';
import { completed, type FlowEngineWorkflow, type SentWorkflow } from './definition.js';
import { EXECUTE_BODY, WORKFLOW_BODY } from './definition-schema.js';
import { plainMembers } from './values.js';

type Check = (value: unknown) => FieldError[];

const validator = new SchemaValidator({ strict: false });
const checkWorkflow = validator.compile(WORKFLOW_BODY);
const checkExecute = validator.compile(EXECUTE_BODY);

/** A workflow as it was sent, complete; `newId` is for one without. Throws 400. */
export function readWorkflow(body: unknown, newId?: string): FlowEngineWorkflow {
  return completed(checked(body, checkWorkflow) as unknown as SentWorkflow, newId);
}

/** The inputs of an execution in plain JSON. Throws 400. */
export function readInputs(body: unknown): JsonObject {
  const { inputs } = checked(body, checkExecute);
  return plainMembers(isJsonObject(inputs) ? inputs : {});
}

function checked(body: unknown, check: Check): JsonObject {
  if (!isJsonObject(body)) throw new BadRequestError('The body must be a JSON object');
  const faults = check(body);
  if (faults.length > 0) throw new BadRequestError('Invalid input data', faults);
  return body;
}
