import type { ErrorObject } from 'ajv/dist/2020.js';
import { closest, distance } from 'fastest-levenshtein';
import { pointerTo } from '../expressions/index.js';

/** One fault of a definition or of inputs. */
export interface DefinitionFault {
  /** JSON pointer (RFC 6901) into the document. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
  /** Of a fault inside an expression: where, in the string at `path`, counted from 1. */
  readonly line?: number;
  readonly column?: number;
  /** The same in UTF-16 units from 0. */
  readonly offset?: number;
}

/** `, did you mean x?`, or nothing when no name is near. */
export function suggestion(name: string, known: Iterable<string>): string {
  const names = [...known];
  if (names.length === 0 || name.length > 200) return '';
  const best = closest(name, names);
  return distance(name, best) <= Math.max(2, Math.ceil(name.length / 3)) ? `, did you mean ${best}?` : '';
}

/** A fault of JSON Schema validation in our words; null for errors that only repeat what another says. */
export function fromSchemaError(error: ErrorObject, prefix = ''): DefinitionFault | null {
  const at = prefix + error.instancePath;
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'if':
      return null;
    case 'required':
      return {
        path: pointerTo(at, String(params.missingProperty)),
        code: 'required',
        message: `${String(params.missingProperty)} is required`,
      };
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params.additionalProperty ?? params.unevaluatedProperty);
      const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {});
      return { path: pointerTo(at, name), code: 'unknown_field', message: `unknown field ${name}${suggestion(name, known)}` };
    }
    case 'enum':
      return {
        path: at,
        code: 'enum',
        message: `must be one of ${(params.allowedValues as unknown[]).map((value) => JSON.stringify(value)).join(', ')}`,
      };
    case 'const':
      return { path: at, code: 'const', message: `must be ${JSON.stringify(params.allowedValue)}` };
    case 'type':
      return { path: at, code: 'type', message: `must be ${[params.type].flat().join(' or ')}` };
    default:
      return { path: at, code: snakeCase(error.keyword), message: error.message ?? 'is not valid' };
  }
}

function snakeCase(keyword: string): string {
  return keyword.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
