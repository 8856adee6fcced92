import type { Json } from '../model/json.js';
import { StepError } from '../model/step-error.js';
import type { Variables } from './cel-environment.js';
import { evaluationFailure, faultAt, TemplateError } from './expression-error.js';
import { compileExpression, type CompiledExpression } from './expression.js';
import { MAX_LENGTH, meter } from './meter.js';
import { NO_REFERENCES, union } from './references.js';
import type { Scope } from './scope.js';
import { hasTemplate, splitTemplate, type TextPart } from './template-text.js';
import type { CompiledCondition, CompiledTemplate, References } from './template.types.js';

/** Deepest nesting of a template; definitions are shallow, so deeper means harm or a mistake. */
export const MAX_TEMPLATE_DEPTH = 64;

/** One value of the template's tree. `evaluate` is null where nothing depends on the scope. */
interface Part {
  readonly value: Json;
  readonly references: References;
  readonly evaluate: ((scope: Scope) => Json) | null;
  /** Of an object. */
  readonly members?: readonly { readonly key: string; readonly part: Part }[];
}

/** Compiles a JSON value whose strings may hold `{{ … }}`. Throws {@link TemplateError} on the first fault; see `checkTemplate` for all. */
export function compileTemplate(value: Json, variables: Variables = 'run'): CompiledTemplate {
  const part = compileValue(value, variables, 0);
  const members = part.members ?? [];
  const { evaluate } = part;
  return {
    constant: evaluate === null,
    constantKeys: new Set(members.filter((member) => member.part.evaluate === null).map((member) => member.key)),
    secretKeys: new Set(members.filter((member) => member.part.references.secrets.size > 0).map((member) => member.key)),
    references: part.references,
    evaluate: evaluate === null ? () => part.value : (scope) => evaluateBounded(evaluate, scope),
  };
}

/** Compiles a `when`. Throws {@link TemplateError}. */
export function compileCondition(value: string | boolean, variables: Variables = 'run'): CompiledCondition {
  if (typeof value === 'boolean') return { constant: value, references: NO_REFERENCES, evaluate: () => value };
  const expression = loneExpression(splitTemplate(value));
  if (expression === null) {
    throw new TemplateError(faultAt(value, 0, 'not_a_condition', 'a condition is true, false or exactly one expression {{ … }}'));
  }
  const compiled = compileExpression({ text: expression.text, template: value, offset: expression.offset }, variables);
  return {
    constant: null,
    references: compiled.references,
    evaluate(scope) {
      meter.startOutput();
      const result = compiled.evaluateRaw(scope);
      if (typeof result === 'boolean') return result;
      const kind = result === null ? 'null' : Array.isArray(result) ? 'a list' : `a ${typeof result}`;
      throw evaluationFailure(
        faultAt(value, expression.offset, 'not_a_boolean', `a condition must give true or false, not ${kind}`),
        expression.text.trim(),
      );
    },
  };
}

/** The only expression of a text, if white space is all there is around it. */
export function loneExpression(parts: readonly TextPart[]): Extract<TextPart, { kind: 'expression' }> | null {
  const rest = parts.filter((part) => part.kind === 'expression' || part.text.trim() !== '');
  const [only] = rest;
  return rest.length === 1 && only?.kind === 'expression' ? only : null;
}

function evaluateBounded(evaluate: (scope: Scope) => Json, scope: Scope): Json {
  meter.startOutput();
  return evaluate(scope);
}

function compileValue(value: Json, variables: Variables, depth: number): Part {
  if (typeof value === 'string') return compileText(value, variables);
  if (typeof value !== 'object' || value === null) return constant(value);
  if (depth > MAX_TEMPLATE_DEPTH) throw new TemplateError(faultAt('', 0, 'too_deep', `values nest deeper than ${MAX_TEMPLATE_DEPTH}`));
  if (Array.isArray(value)) return compileArray(value, variables, depth);
  const members = Object.keys(value).map((key) => ({ key, part: compileValue(value[key] as Json, variables, depth + 1) }));
  const parts = members.map((member) => member.part);
  if (parts.every(isConstant)) return { ...constant(Object.fromEntries(members.map(({ key, part }) => [key, part.value]))), members };
  return {
    value,
    references: union(parts.map((part) => part.references)),
    members,
    evaluate: (scope) =>
      Object.fromEntries(members.map(({ key, part }) => [key, part.evaluate === null ? part.value : part.evaluate(scope)])),
  };
}

function compileArray(elements: readonly Json[], variables: Variables, depth: number): Part {
  const parts = elements.map((element) => compileValue(element, variables, depth + 1));
  if (parts.every(isConstant)) return constant(parts.map((part) => part.value));
  return {
    value: null,
    references: union(parts.map((part) => part.references)),
    evaluate: (scope) => parts.map((part) => (part.evaluate === null ? part.value : part.evaluate(scope))),
  };
}

function compileText(text: string, variables: Variables): Part {
  if (!hasTemplate(text)) return constant(text);
  const parts = splitTemplate(text);
  const compile = (part: Extract<TextPart, { kind: 'expression' }>) =>
    compileExpression({ text: part.text, template: text, offset: part.offset }, variables);
  const lone = loneExpression(parts);
  if (lone !== null) {
    const compiled = compile(lone);
    return { value: text, references: compiled.references, evaluate: (scope) => compiled.evaluate(scope) };
  }
  const pieces = parts.map((part) => (part.kind === 'text' ? part.text : compile(part)));
  if (pieces.every((piece) => typeof piece === 'string')) return constant(pieces.join(''));
  return {
    value: text,
    references: union(pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.references]))),
    evaluate: (scope) => concatenate(pieces, scope),
  };
}

function concatenate(pieces: readonly (string | CompiledExpression)[], scope: Scope): string {
  let result = '';
  for (const piece of pieces) {
    result += typeof piece === 'string' ? piece : piece.evaluateText(scope);
    if (result.length > MAX_LENGTH) throw new StepError('expression_error', 'the text becomes too long', { retryable: false });
  }
  return result;
}

function constant(value: Json): Part {
  return { value, references: NO_REFERENCES, evaluate: null };
}

function isConstant(part: Part): boolean {
  return part.evaluate === null;
}
