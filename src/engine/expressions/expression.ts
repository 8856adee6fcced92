import type { ParseResult } from '@marcbachmann/cel-js';
import type { Json } from '../model/json.js';
import type { StepError } from '../model/step-error.js';
import { instrument, relaxTernaries, rootOf } from './cel-ast.js';
import { ENVIRONMENTS, MAX_EXPRESSION_LENGTH, type Variables } from './cel-environment.js';
import { describeCelError, evaluationFailure, faultAt, TemplateError, type ExpressionFault } from './expression-error.js';
import { toText } from './functions/texts.js';
import { meter } from './meter.js';
import { compilePath } from './path-expression.js';
import { findReferences, summarize } from './references.js';
import { hideReserved, innerScope } from './reserved-names.js';
import type { Scope } from './scope.js';
import type { References } from './template.types.js';
import { countOutput, toJson } from './to-json.js';

/** Where an expression stands: its text, and the text of the template around it for positions. */
export interface ExpressionSource {
  readonly text: string;
  readonly template: string;
  /** Offset of `text` in `template`. */
  readonly offset: number;
}

export interface CompiledExpression {
  readonly references: References;
  /** The result as JSON. Throws `StepError('expression_error')`. */
  evaluate(scope: Scope): Json;
  /** The result as part of a text: null is nothing, objects and lists are JSON. */
  evaluateText(scope: Scope): string;
  /** The result as CEL has it. */
  evaluateRaw(scope: Scope): unknown;
}

/** Parses an expression. Throws {@link TemplateError}. */
export function parseExpression(source: ExpressionSource, variables: Variables): ParseResult {
  if (source.text.length > MAX_EXPRESSION_LENGTH) {
    throw new TemplateError(faultOf(source, 0, 'expression_too_long', `the expression is longer than ${MAX_EXPRESSION_LENGTH} characters`));
  }
  if (source.text.trim() === '') throw new TemplateError(faultOf(source, 0, 'empty_expression', 'the expression is empty'));
  try {
    const parsed = ENVIRONMENTS[variables].parse(variables === 'states' ? hideReserved(source.text) : source.text);
    relaxTernaries(rootOf(parsed));
    return parsed;
  } catch (error) {
    const { code, message, start } = describeCelError(error);
    throw new TemplateError(faultOf(source, start, code === 'limit_exceeded' ? 'expression_too_complex' : 'syntax', message));
  }
}

/** Compiles an expression once for many evaluations. Throws {@link TemplateError}. */
export function compileExpression(source: ExpressionSource, variables: Variables): CompiledExpression {
  const parsed = parseExpression(source, variables);
  const checked = parsed.check();
  if (!checked.valid) {
    const { message, start } = describeCelError(checked.error);
    throw new TemplateError(faultOf(source, start, 'type', message));
  }
  const root = rootOf(parsed);
  const references = summarize(findReferences(root));
  const path = compilePath(root);
  const read: (scope: Scope) => unknown = path ?? (variables === 'states' ? (scope): unknown => parsed(innerScope(scope)) : parsed);
  instrument(root);

  const run = <T>(scope: Scope, finish: (result: unknown) => T): T => {
    meter.start();
    try {
      const result = finish(read(scope));
      meter.assertNotSpent();
      return result;
    } catch (error) {
      throw failureOf(source, references, error);
    }
  };
  return {
    references,
    evaluate: (scope) => run(scope, path !== null ? passOn : (result) => toJson(result)),
    evaluateText: (scope) => run(scope, toText),
    evaluateRaw: (scope) => run(scope, (result) => result),
  };
}

function passOn(result: unknown): Json {
  countOutput(result as Json);
  return result as Json;
}

export function faultOf(source: ExpressionSource, offset: number, code: string, message: string): ExpressionFault {
  return faultAt(source.template, source.offset + offset, code, message);
}

function failureOf(source: ExpressionSource, references: References, error: unknown): StepError {
  const { code, message, start } = describeCelError(error);
  // Messages may quote operands, and an operand may be a secret.
  const shown = references.secrets.size > 0 ? 'the expression failed; details are hidden because it reads secrets' : message;
  return evaluationFailure(faultOf(source, start, code, shown), source.text.trim());
}
