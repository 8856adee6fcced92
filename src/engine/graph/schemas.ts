import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formatsPlugin, { type FormatsPlugin } from 'ajv-formats';
import { hasTemplate, linearRegExpEngine, pointerTo } from '../expressions/index.js';
import { isJsonObject, type Json, type JsonObject } from '../model/json.js';
import { DEFINITION_SCHEMA } from './definition-schema.js';
import { fromSchemaError, type DefinitionFault } from './faults.js';

const addFormats = formatsPlugin as unknown as FormatsPlugin;

/**
 * A validator of its own for each schema that users write, so that `$id`s of different tenants never meet. Patterns run in
 * linear time, `$ref`s reach nothing outside the schema, and nothing is ever fetched.
 */
function createAjv(options: { readonly useDefaults: boolean }): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    verbose: true,
    logger: false,
    useDefaults: options.useDefaults,
    code: { regExp: linearRegExpEngine },
  });
  addFormats(ajv);
  return ajv;
}

const own = createAjv({ useDefaults: false });
/** Compiles a schema of ours. */
export function compileStructure(schema: JsonObject): ValidateFunction {
  return own.compile(schema);
}

/** The structure of a definition. */
export const validateStructure: ValidateFunction = own.compile(DEFINITION_SCHEMA);

/** What is wrong with a JSON Schema that a user wrote, each fault under `prefix`. */
export function checkSchema(schema: JsonObject, prefix: string): DefinitionFault[] {
  try {
    if (!own.validateSchema(schema)) return toFaults(own.errors ?? [], prefix);
    createAjv({ useDefaults: false }).compile(schema);
    return [];
  } catch (error) {
    return [{ path: prefix, code: 'bad_schema', message: `not a usable JSON Schema 2020-12: ${(error as Error).message}` }];
  }
}

/** Compiles the schema of a workflow's inputs; the validator writes defaults into what it is given. */
export function compileInputsSchema(schema: JsonObject): ValidateFunction {
  return createAjv({ useDefaults: true }).compile(schema);
}

export function toFaults(errors: readonly ErrorObject[], prefix = ''): DefinitionFault[] {
  return errors.flatMap((error) => fromSchemaError(error, prefix) ?? []);
}

const nodeTypeValidators = new WeakMap<object, ValidateFunction>();

/** Checks a node's `config` or `inputs` against its type's schema; a string with an expression matches anything. */
export function checkTemplated(value: JsonObject, schema: JsonObject, prefix: string): DefinitionFault[] {
  let validate = nodeTypeValidators.get(schema);
  if (validate === undefined) {
    validate = createAjv({ useDefaults: false }).compile(schema);
    nodeTypeValidators.set(schema, validate);
  }
  if (validate(value)) return [];
  const templated = templatedPaths(value);
  return toFaults(withoutTemplated(validate.errors ?? [], templated), prefix);
}

function templatedPaths(value: Json, path = '', found: string[] = []): string[] {
  if (typeof value === 'string') {
    if (hasTemplate(value)) found.push(path);
  } else if (Array.isArray(value)) {
    value.forEach((element, index) => templatedPaths(element, pointerTo(path, index), found));
  } else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) templatedPaths(value[key] as Json, pointerTo(path, key), found);
  }
  return found;
}

/** Keywords whose verdict on a value depends on what is inside it. */
const DEEP_KEYWORDS = new Set(['anyOf', 'oneOf', 'not', 'if', 'contains', 'uniqueItems', 'const', 'enum']);

function withoutTemplated(errors: readonly ErrorObject[], templated: readonly string[]): ErrorObject[] {
  if (templated.length === 0) return [...errors];
  const within = (path: string, ancestor: string) => path === ancestor || path.startsWith(`${ancestor}/`);
  const undecidable = errors.filter(
    (error) => DEEP_KEYWORDS.has(error.keyword) && templated.some((path) => within(path, error.instancePath)),
  );
  return errors.filter(
    (error) =>
      !undecidable.includes(error) &&
      !templated.some((path) => within(error.instancePath, path)) &&
      // Branches of an undecidable keyword fail for reasons that may not hold once the templates are evaluated.
      !undecidable.some(
        (composite) =>
          error.schemaPath.startsWith(`${composite.schemaPath}/`) ||
          (composite.keyword === 'if' && /\/(then|else)\//.test(error.schemaPath)),
      ),
  );
}
