import { linearRegExpEngine } from '../expressions/index.js';
import { createInputsPreparer, type DefinitionFault, type InputsPreparer } from '../graph/index.js';
import { isJsonObject, type Json, type JsonObject } from '../model/json.js';
import type { InputRule, StatesDefinition } from '../model/states-definition.js';
import { StepError } from '../model/step-error.js';

/** Answers the rules about files; absent where a definition may not ask about the server's files. */
export interface InputFiles {
  exists(path: string): boolean;
}

/**
 * The checked form of both ways to write inputs is a JSON Schema: it types expressions and is what clients are shown. Rules
 * convert what they are given before they check it, so they keep a preparer of their own.
 */
export function inputsSchema(inputs: StatesDefinition['inputs']): JsonObject | undefined {
  if (inputs === undefined || !isRules(inputs)) return inputs;
  const required = inputs.filter((rule) => rule.required === true && rule.default === undefined).map((rule) => rule.name);
  return { type: 'object', properties: Object.fromEntries(inputs.map((rule) => [rule.name, schemaOf(rule)])), required };
}

/** Checks a run's inputs, converts them where rules say so, and fills in defaults. Throws `StepError('invalid_inputs')`. */
export function createStatesInputsPreparer(inputs: StatesDefinition['inputs'], files?: InputFiles): InputsPreparer {
  if (inputs === undefined || !isRules(inputs)) return createInputsPreparer(inputs);
  return (given) => {
    const faults: DefinitionFault[] = [];
    const prepared: JsonObject = { ...given };
    for (const rule of inputs) {
      const value = prepared[rule.name] ?? rule.default ?? null;
      const outcome = checkRule(rule, value, files);
      if (typeof outcome === 'string') faults.push({ path: `/${rule.name}`, code: 'invalid_input', message: outcome });
      else if (outcome.value !== null) prepared[rule.name] = outcome.value;
    }
    if (faults.length === 0) return prepared;
    const lines = faults.map((fault) => `inputs.${fault.path.slice(1)}: ${fault.message}`);
    const message = lines.length === 1 ? (lines[0] ?? '') : `${lines.length} errors:\n${lines.map((line) => `  - ${line}`).join('\n')}`;
    throw new StepError('invalid_inputs', message.slice(0, 10_000), { retryable: false, details: faults.map((fault) => ({ ...fault })) });
  };
}

/** What is wrong with a list of rules that its structure does not show. */
export function checkInputRules(rules: readonly Json[]): DefinitionFault[] {
  const faults: DefinitionFault[] = [];
  const seen = new Set<string>();
  rules.forEach((rule, index) => {
    if (!isJsonObject(rule) || typeof rule['name'] !== 'string') return;
    const path = `/inputs/${index}`;
    if (seen.has(rule['name'])) faults.push({ path: `${path}/name`, code: 'duplicate_input', message: `${rule['name']} is named twice` });
    seen.add(rule['name']);
    const validation = isJsonObject(rule['validation']) ? rule['validation'] : {};
    if (typeof validation['pattern'] !== 'string') return;
    try {
      linearRegExpEngine(validation['pattern']);
    } catch (error) {
      faults.push({ path: `${path}/validation/pattern`, code: 'bad_pattern', message: (error as Error).message });
    }
  });
  return faults;
}

function isRules(inputs: NonNullable<StatesDefinition['inputs']>): inputs is readonly InputRule[] {
  return Array.isArray(inputs);
}

function schemaOf({ type, description, default: fallback, validation = {} }: InputRule): JsonObject {
  const schema: JsonObject = {};
  if (type !== undefined) schema['type'] = type;
  if (description !== undefined) schema['description'] = description;
  if (fallback !== undefined) schema['default'] = fallback;
  if (validation.pattern !== undefined) schema['pattern'] = validation.pattern;
  if (validation.enum !== undefined) schema['enum'] = [...validation.enum];
  if (validation.min !== undefined) schema['minimum'] = validation.min;
  if (validation.max !== undefined) schema['maximum'] = validation.max;
  return schema;
}

/** The converted value, or what is wrong with it. */
function checkRule(rule: InputRule, value: Json, files: InputFiles | undefined): { readonly value: Json } | string {
  if (value === null) return rule.required === true ? 'required but not provided' : { value };
  if (rule.required === true && value === '') return 'required but empty';
  const converted = convert(value, rule.type);
  if (converted === undefined) return `cannot convert "${show(value)}" to ${rule.type}`;
  return violation(rule, converted, files) ?? { value: converted };
}

function convert(value: Json, type: InputRule['type']): Json | undefined {
  switch (type) {
    case 'string':
      return show(value);
    case 'integer':
      if (typeof value === 'number') return Math.trunc(value);
      return typeof value === 'string' && /^[+-]?\d{1,15}$/.test(value.trim()) ? Number(value) : undefined;
    case 'number':
      if (typeof value === 'number') return value;
      return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : undefined;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      if (/^(true|yes|1)$/i.test(show(value))) return true;
      return /^(false|no|0)$/i.test(show(value)) ? false : undefined;
    case 'array':
    case 'object':
      return fromJsonText(value, type);
    case undefined:
      return value;
  }
}

function fromJsonText(value: Json, type: 'array' | 'object'): Json | undefined {
  const fits = (candidate: Json): boolean => (type === 'array' ? Array.isArray(candidate) : isJsonObject(candidate));
  if (fits(value)) return value;
  if (typeof value !== 'string') return undefined;
  try {
    const parsed = JSON.parse(value) as Json;
    return fits(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function violation({ validation = {} }: InputRule, value: Json, files: InputFiles | undefined): string | null {
  const { pattern, enum: allowed, min, max, file_exists: exists, file_extension: extensions } = validation;
  if (pattern !== undefined && !linearRegExpEngine(pattern).test(show(value)))
    return `value "${show(value)}" does not match pattern "${pattern}"`;
  if (allowed !== undefined && !allowed.some((candidate) => show(candidate) === show(value))) {
    return `value "${show(value)}" not in allowed values [${allowed.map(show).join(' ')}]`;
  }
  if (typeof value === 'number' && min !== undefined && value < min) return `value ${value} is below minimum ${min}`;
  if (typeof value === 'number' && max !== undefined && value > max) return `value ${value} exceeds maximum ${max}`;
  if (exists === true) {
    if (files === undefined) return 'the server does not check files for this workflow';
    if (!files.exists(show(value))) return `file does not exist: ${show(value)}`;
  }
  if (extensions !== undefined) {
    const extension = /\.[^./\\]+$/.exec(show(value))?.[0];
    if (extension === undefined) return `file "${show(value)}" has no extension, allowed: [${extensions.join(' ')}]`;
    const accepted = extensions.some((candidate) => candidate === extension || `.${candidate}` === extension);
    if (!accepted) return `file extension "${extension}" not in allowed extensions [${extensions.join(' ')}]`;
  }
  return null;
}

function show(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
