import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { linearRegExpEngine } from '../../engine/expressions/index.js';
import type { JsonObject } from '../../engine/model/json.js';
import type { FieldError } from '../../platform/errors/app-error.js';

const CODES: Readonly<Record<string, string>> = {
  discriminator: 'enum',
  required: 'required',
  type: 'type',
  additionalProperties: 'unknown_field',
  unevaluatedProperties: 'unknown_field',
  enum: 'enum',
  const: 'enum',
  minimum: 'range',
  maximum: 'range',
  exclusiveMinimum: 'range',
  exclusiveMaximum: 'range',
  minLength: 'length',
  maxLength: 'length',
  minItems: 'length',
  maxItems: 'length',
  pattern: 'pattern',
  format: 'format',
};

export interface ValidatorOptions {
  readonly strict?: boolean;
  readonly discriminator?: boolean;
  /** Patterns are RE2, matched in linear time: for schemas of strangers. */
  readonly linear?: boolean;
}

const LINEAR = { code: { regExp: linearRegExpEngine } } as const;

/** Turns JSON Schemas 2020-12 into checks that name every fault by its JSON pointer. The checked value is never changed. */
export class SchemaValidator {
  private readonly ajv: Ajv2020;

  /**
   * `strict` refuses schemas with unknown keywords and the like: right for our own, too narrow for what others write. With
   * `discriminator` a choice by one member is told apart by it, as OpenAPI has it.
   */
  constructor({ strict = true, discriminator = false, linear = false }: ValidatorOptions = {}) {
    const options = {
      allErrors: true,
      strict,
      discriminator,
      strictRequired: false,
      allowUnionTypes: true,
      logger: false,
      ...(linear ? LINEAR : {}),
    } as const;
    this.ajv = ajvFormats.default(new Ajv2020(options));
  }

  /** Throws when the schema itself is faulty. */
  compile(schema: JsonObject): (value: unknown) => FieldError[] {
    const check: ValidateFunction = this.ajv.compile(schema);
    return (value) => (check(value) ? [] : (check.errors ?? []).filter(isTelling).map(toFieldError));
  }
}

/** Drops the summary lines that only say that the faults listed beside them exist. */
function isTelling(error: ErrorObject): boolean {
  return error.keyword !== 'if';
}

function toFieldError(error: ErrorObject): FieldError {
  const field: unknown =
    error.params['missingProperty'] ?? error.params['additionalProperty'] ?? error.params['unevaluatedProperty'] ?? tagOf(error);
  const path = typeof field === 'string' ? `${error.instancePath}/${escapePointer(field)}` : error.instancePath;
  return { path, code: CODES[error.keyword] ?? 'invalid', message: messageOf(error, field) };
}

/** The member that a choice is told apart by, when it says nothing that is known. */
function tagOf(error: ErrorObject): unknown {
  return error.keyword === 'discriminator' ? error.params['tag'] : undefined;
}

function messageOf(error: ErrorObject, field: unknown): string {
  if (error.keyword === 'required') return 'is required';
  if (error.keyword === 'discriminator') return 'must be one of the kinds there are';
  if (typeof field === 'string') return `unknown field "${field}"`;
  if (error.keyword === 'enum') return `must be one of ${JSON.stringify(error.params['allowedValues'])}`;
  return error.message ?? 'is invalid';
}

function escapePointer(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}
