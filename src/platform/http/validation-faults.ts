import type { ValidationError } from 'class-validator';
import type { FieldError } from '../errors/app-error.js';
import { pointerToken } from './json-text.js';

/** class-validator's constraint names as the word codes of our problems; a name not listed becomes its own snake_case. */
const CODES: Readonly<Record<string, string>> = {
  isDefined: 'required',
  isNotEmpty: 'required',
  isNotEmptyObject: 'required',
  arrayNotEmpty: 'required',
  isString: 'type',
  isNumber: 'type',
  isInt: 'type',
  isBoolean: 'type',
  isObject: 'type',
  isArray: 'type',
  nestedValidation: 'type',
  isIn: 'enum',
  isEnum: 'enum',
  min: 'range',
  max: 'range',
  isPositive: 'range',
  minLength: 'length',
  maxLength: 'length',
  isLength: 'length',
  arrayMinSize: 'length',
  arrayMaxSize: 'length',
  arrayUnique: 'unique',
  matches: 'format',
  isUuid: 'format',
  isUrl: 'format',
  isIso8601: 'format',
  isRFC3339: 'format',
  isDateString: 'format',
  whitelistValidation: 'unknown_field',
};

/** Where in the request the checked value is: a body is pointed into by JSON pointer, parameters go by their name. */
export type FaultStyle = 'pointer' | 'name';

/** The faults of a checked value, one per field and code; a value of the wrong type is reported as only that. */
export function toFieldErrors(errors: readonly ValidationError[], style: FaultStyle, prefix = ''): FieldError[] {
  return errors.flatMap((error) => {
    const path = style === 'pointer' ? `${prefix}/${pointerToken(error.property)}` : `${prefix}${error.property}`;
    const nestedPrefix = style === 'pointer' ? path : `${path}.`;
    return [...faultsOf(error, path), ...toFieldErrors(error.children ?? [], style, nestedPrefix)];
  });
}

function faultsOf(error: ValidationError, path: string): FieldError[] {
  const constraints = Object.entries(error.constraints ?? {});
  if (constraints.length === 0) return [];
  const faults = constraints.map(([name, message]) => ({ path, code: codeOf(name), message: withoutProperty(message, error.property) }));
  const unknown = faults.find((fault) => fault.code === 'unknown_field');
  if (unknown !== undefined) return [{ ...unknown, message: 'is not a known field' }];
  if (error.value === undefined || error.value === null) return [{ path, code: 'required', message: 'is required' }];
  const wrongType = faults.find((fault) => fault.code === 'type');
  if (wrongType !== undefined) return [wrongType];
  return faults.filter((fault, index) => faults.findIndex((other) => other.code === fault.code) === index);
}

function codeOf(constraint: string): string {
  return CODES[constraint] ?? constraint.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Messages read as "name must be a string"; the path says the name already. */
function withoutProperty(message: string, property: string): string {
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}
