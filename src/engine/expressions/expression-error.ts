import { StepError } from '../model/step-error.js';

/** A fault of an expression at a place in its template's text. Offsets count UTF-16 units, lines and columns from 1. */
export interface ExpressionFault {
  readonly code: string;
  readonly message: string;
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a template's text, thrown by compilation. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  constructor(readonly fault: ExpressionFault) {
    super(fault.message);
  }
}

/** Builds a fault at an offset of a text. */
export function faultAt(text: string, offset: number, code: string, message: string): ExpressionFault {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - (before.lastIndexOf('\n') + 1) + 1;
  return { code, message: `${message} (line ${line}, column ${column})`, offset, line, column };
}

/** Code, message and range of an error of the CEL library, without its type wrappers and source excerpt. */
export function describeCelError(error: unknown): { code: string; message: string; start: number } {
  const { code, summary, message, range } = error as { code?: string; summary?: string; message?: string; range?: { start: number } };
  const text = (summary ?? message ?? String(error)).replace(/dyn<([\w.]+)>/g, '$1');
  return { code: code ?? 'evaluation_error', message: text, start: range?.start ?? 0 };
}

/** The failure of an evaluation, as a step reports it: another attempt would fail the same way. */
export function evaluationFailure(fault: ExpressionFault, expression: string): StepError {
  return new StepError('expression_error', `{{ ${expression} }}: ${fault.message}`, {
    retryable: false,
    details: { expression, reason: fault.code, line: fault.line, column: fault.column, offset: fault.offset },
  });
}
