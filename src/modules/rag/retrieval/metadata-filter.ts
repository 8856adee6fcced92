import { isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';
import type { FieldError } from '../../../platform/errors/app-error.js';
import { pointerToken } from '../../../platform/http/json-text.js';

const COMPARISONS: Readonly<Record<string, string>> = { $eq: '==', $ne: '!=', $gt: '>', $gte: '>=', $lt: '<', $lte: '<=' };
const MAX_DEPTH = 8;
const MAX_CONDITIONS = 100;

/**
 * A filter over metadata as a SQL/JSON path predicate, for `metadata @@ $n::jsonpath`. A field equals a value
 * (`{"source": "docs"}`; of a list: has it), compares (`{"page": {"$gte": 3, "$lt": 9}}`, operators `$eq $ne $gt $gte $lt $lte
 * $in $nin $exists`), and filters combine (`$and`, `$or`, `$not`). Fields of objects are named with dots.
 */
export function metadataFilter(filter: JsonObject): { readonly path: string } | { readonly faults: readonly FieldError[] } {
  const faults: FieldError[] = [];
  const budget = { conditions: 0 };
  const path = allOf(filter, '/filter', faults, budget, 0);
  if (budget.conditions > MAX_CONDITIONS) faults.push(fault('/filter', `has more than ${MAX_CONDITIONS} conditions`));
  return faults.length > 0 ? { faults } : { path };
}

interface Budget {
  conditions: number;
}

function allOf(filter: JsonObject, at: string, faults: FieldError[], budget: Budget, depth: number): string {
  if (depth > MAX_DEPTH) {
    faults.push(fault(at, `is nested deeper than ${MAX_DEPTH}`));
    return TRUE;
  }
  const parts = Object.entries(filter).map(([key, value]) => {
    const here = `${at}/${pointerToken(key)}`;
    if (key === '$and' || key === '$or') return combined(key, value, here, faults, budget, depth);
    if (key === '$not') {
      if (isJsonObject(value)) return `!(${allOf(value, here, faults, budget, depth + 1)})`;
      faults.push(fault(here, 'must be a filter'));
      return TRUE;
    }
    if (key.startsWith('$')) {
      faults.push(fault(here, `${key} is no operator here`));
      return TRUE;
    }
    return ofField(key, value, here, faults, budget);
  });
  return parts.length === 0 ? TRUE : parts.map((part) => `(${part})`).join(' && ');
}

function combined(key: '$and' | '$or', value: Json | undefined, at: string, faults: FieldError[], budget: Budget, depth: number): string {
  if (!Array.isArray(value) || value.length === 0) {
    faults.push(fault(at, 'must be a list of filters'));
    return TRUE;
  }
  const parts = value.map((each, index) => {
    if (isJsonObject(each)) return `(${allOf(each, `${at}/${index}`, faults, budget, depth + 1)})`;
    faults.push(fault(`${at}/${index}`, 'must be a filter'));
    return TRUE;
  });
  return parts.join(key === '$and' ? ' && ' : ' || ');
}

function ofField(name: string, value: Json | undefined, at: string, faults: FieldError[], budget: Budget): string {
  const field = `$${name
    .split('.')
    .map((part) => `.${JSON.stringify(part)}`)
    .join('')}`;
  if (!isJsonObject(value)) return compare(field, '==', value, at, faults, budget);
  const parts = Object.entries(value).map(([operator, operand]) => {
    const here = `${at}/${pointerToken(operator)}`;
    const comparison = COMPARISONS[operator];
    if (comparison !== undefined) return compare(field, comparison, operand, here, faults, budget);
    if (operator === '$exists') {
      budget.conditions += 1;
      if (typeof operand !== 'boolean') faults.push(fault(here, 'must be true or false'));
      return operand === false ? `!(exists(${field}))` : `exists(${field})`;
    }
    if (operator === '$in' || operator === '$nin') {
      if (!Array.isArray(operand) || operand.length === 0) {
        faults.push(fault(here, 'must be a list of values'));
        return TRUE;
      }
      const any = operand.map((each, index) => compare(field, '==', each, `${here}/${index}`, faults, budget)).join(' || ');
      return operator === '$in' ? any : `!(${any})`;
    }
    faults.push(fault(here, `${operator} is no operator: there are ${[...Object.keys(COMPARISONS), '$in', '$nin', '$exists'].join(', ')}`));
    return TRUE;
  });
  return parts.length === 0 ? TRUE : parts.map((part) => `(${part})`).join(' && ');
}

function compare(field: string, operator: string, value: Json | undefined, at: string, faults: FieldError[], budget: Budget): string {
  budget.conditions += 1;
  if (value === undefined || (typeof value === 'object' && value !== null)) {
    faults.push(fault(at, 'must be a text, a number, true, false or null'));
    return TRUE;
  }
  // What is not there does not equal anything.
  if (operator === '!=') return `!(${field} == ${JSON.stringify(value)})`;
  return `${field} ${operator} ${JSON.stringify(value)}`;
}

const TRUE = '1 == 1';

function fault(path: string, message: string): FieldError {
  return { path, code: 'invalid_filter', message };
}
