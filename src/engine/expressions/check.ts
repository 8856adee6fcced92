import { isJsonObject, type Json } from '../model/json.js';
import { childrenOf, rootOf, type CelNode } from './cel-ast.js';
import type { Variables } from './cel-environment.js';
import { describeCelError, TemplateError, type ExpressionFault } from './expression-error.js';
import { faultOf, parseExpression, type ExpressionSource } from './expression.js';
import { findReferences, type Reference } from './references.js';
import { hasTemplate, splitTemplate } from './template-text.js';
import { loneExpression, MAX_TEMPLATE_DEPTH } from './template.js';

/** What JSON can be known to hold where an expression reads it. */
export type KnownType = 'string' | 'double' | 'bool';

/** A fault found in a template. */
export interface TemplateFault extends ExpressionFault {
  /** JSON pointer of the string that holds the expression. */
  readonly path: string;
  readonly severity: 'error' | 'warning';
}

/** What the checker is told about the place a template stands in. */
export interface Declarations {
  readonly variables: Variables;
  /** The type of a variable's member, when it is known; numbers of JSON are doubles. */
  typeOf(root: string, path: readonly string[]): KnownType | undefined;
  /** What is wrong with reading this, e.g. a node that does not exist. */
  judge(reference: Reference): { readonly code: string; readonly message: string; readonly severity?: 'error' | 'warning' } | undefined;
}

/** Finds every fault of every expression in a value; `pointer` is the JSON pointer of the value itself. */
export function checkTemplate(value: Json, pointer: string, declarations: Declarations): TemplateFault[] {
  const faults: TemplateFault[] = [];
  walk(value, pointer, 0, (text, path) => faults.push(...checkText(text, path, declarations)), faults);
  return faults;
}

/** Like {@link checkTemplate}, for a value that must be a boolean or one expression that gives one. */
export function checkCondition(value: string | boolean, pointer: string, declarations: Declarations): TemplateFault[] {
  return typeof value === 'boolean' ? [] : checkText(value, pointer, declarations, 'bool');
}

/** Like {@link checkTemplate}, for the items of a `for_each`: a list, or one expression that gives one. */
export function checkItems(value: Json, pointer: string, declarations: Declarations): TemplateFault[] {
  if (Array.isArray(value)) return checkTemplate(value, pointer, declarations);
  if (typeof value === 'string') return checkText(value, pointer, declarations, 'list');
  return [atStart(pointer, 'not_a_list', 'items must be a list or one expression that gives a list')];
}

/** Appends a member's name to a JSON pointer (RFC 6901). */
export function pointerTo(pointer: string, member: string | number): string {
  return `${pointer}/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function walk(value: Json, path: string, depth: number, onText: (text: string, path: string) => void, faults: TemplateFault[]): void {
  if (typeof value === 'string') {
    if (hasTemplate(value)) onText(value, path);
    return;
  }
  if (depth > MAX_TEMPLATE_DEPTH) {
    faults.push(atStart(path, 'too_deep', `values nest deeper than ${MAX_TEMPLATE_DEPTH}`));
  } else if (Array.isArray(value)) {
    value.forEach((element, index) => walk(element, pointerTo(path, index), depth + 1, onText, faults));
  } else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) walk(value[key] as Json, pointerTo(path, key), depth + 1, onText, faults);
  }
}

const EXPECTATIONS = {
  bool: {
    code: 'not_a_condition',
    message: 'a condition is true, false or exactly one expression {{ … }} that gives a boolean',
    types: /^(bool|dyn|dyn<bool>)$/,
  },
  list: { code: 'not_a_list', message: 'items must be a list or exactly one expression {{ … }} that gives a list', types: /^(list|dyn$)/ },
} as const;

function checkText(text: string, path: string, declarations: Declarations, expected?: keyof typeof EXPECTATIONS): TemplateFault[] {
  const faults: TemplateFault[] = [];
  const attempt = (check: () => void): void => {
    try {
      check();
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      faults.push({ ...error.fault, path, severity: 'error' });
    }
  };
  attempt(() => {
    const parts = splitTemplate(text);
    const expectation = expected === undefined ? null : EXPECTATIONS[expected];
    const lone = loneExpression(parts);
    if (expectation !== null && lone === null) {
      faults.push(atStart(path, expectation.code, expectation.message));
    }
    for (const part of parts) {
      if (part.kind !== 'expression') continue;
      const source = { text: part.text, template: text, offset: part.offset };
      attempt(() => {
        const type = checkExpression(source, path, declarations, faults);
        if (expectation !== null && part === lone && !expectation.types.test(type)) {
          throw new TemplateError(
            faultOf(source, leadingSpace(part.text), expectation.code, `expected a ${expected}, the expression gives ${type}`),
          );
        }
      });
    }
  });
  return faults;
}

/** The CEL type of the expression. */
function checkExpression(source: ExpressionSource, path: string, declarations: Declarations, faults: TemplateFault[]): string {
  const parsed = parseExpression(source, declarations.variables);
  const root = rootOf(parsed);
  const references = findReferences(root);
  for (const reference of references) {
    const verdict = declarations.judge(reference);
    if (verdict !== undefined) {
      faults.push({ ...faultOf(source, reference.start, verdict.code, verdict.message), path, severity: verdict.severity ?? 'error' });
    }
    declareTypes(reference, declarations);
  }
  const checked = parsed.check();
  if (checked.valid) return checked.type ?? 'dyn';
  const { code, message, start } = describeCelError(checked.error);
  // A JSON number is a fine position as long as it is whole, which only the evaluation can tell.
  if (code === 'invalid_index_type' && message.endsWith("'double'")) return 'dyn';
  throw new TemplateError(
    faultOf(
      source,
      start,
      code === 'unknown_variable' ? 'unknown_variable' : 'type',
      explain(code, message, source.text, root, declarations.variables),
    ),
  );
}

/** Tells the type checker what a member is known to be, as `dyn<T>`: JSON's own type, still open to mixed operators. */
function declareTypes(reference: Reference, declarations: Declarations): void {
  reference.steps.forEach((step: CelNode, index) => {
    if (step.op !== '.' && step.op !== '[]') return;
    const type = declarations.typeOf(reference.root, reference.path.slice(0, index + 1));
    if (type === undefined) return;
    const untyped = step.meta.check;
    step.setMeta('check', (checker, self, context) => {
      untyped(checker, self, context);
      return checker.getType(`dyn<${type}>`);
    });
  });
}

function explain(code: string, message: string, text: string, root: CelNode, variables: Variables): string {
  if (code !== 'unknown_variable') return message;
  const name = message.replace(/^.*: /, '');
  if (variables === 'states' && (name === 'item' || name === 'index')) return `${name} is loop.${name} in a state machine`;
  if (name === 'item' || name === 'index') return `${name} is known only inside for_each`;
  if (/^(now|today|random|uuid)$/.test(name))
    return `there is no ${name}: expressions must give the same on every replay; run.created_at is fixed`;
  const dashed = dashedName(root, text, name);
  if (dashed !== null) return dashed;
  if (variables === 'trigger') return `${message}; known are trigger and, by its kind, body, headers and query, or event`;
  if (variables === 'states') return `${message}; known are inputs, states, loop, error, workflow, run, env and secrets`;
  return `${message}; known are inputs, nodes, run, env, secrets, and item and index inside for_each`;
}

/** `nodes.a-b` reads as a subtraction: say how to name such a node. */
function dashedName(node: CelNode, text: string, name: string): string | null {
  if (node.op === '-') {
    const [left, right] = childrenOf(node) as [CelNode, CelNode];
    if (left.op === '.' && right.start <= text.length && text.slice(right.start).startsWith(name)) {
      return `unknown variable ${name}; an id with a dash is written nodes["…-${name}"]`;
    }
  }
  for (const child of childrenOf(node)) {
    const found = dashedName(child, text, name);
    if (found !== null) return found;
  }
  return null;
}

function leadingSpace(text: string): number {
  return text.length - text.trimStart().length;
}

function atStart(path: string, code: string, message: string): TemplateFault {
  return { path, code, message, offset: 0, line: 1, column: 1, severity: 'error' };
}
