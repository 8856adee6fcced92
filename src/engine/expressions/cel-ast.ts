import type { ParseResult } from '@marcbachmann/cel-js';
import { meter } from './meter.js';
import { matches } from './linear-regex.js';

/**
 * A node of the library's syntax tree with the members used here. `handle`, `meta` and `setMeta` are not in its typings:
 * the version is pinned, and the expression specs (bombs, types, regular expressions) fail when an upgrade changes them.
 */
export interface CelNode {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
  /** Set by the type check: how operands that are evaluated become the result. */
  handle?: Handle;
  readonly meta: {
    readonly alternate?: CelNode;
    readonly check: Check;
  };
  setMeta(key: 'check', value: Check): this;
  evaluate(evaluator: unknown, node: CelNode, context: unknown): unknown;
}

type Handle = (left: unknown, ...rest: unknown[]) => unknown;
type Check = (checker: { readonly dynType: object; getType(name: string): object }, node: CelNode, context: unknown) => object;

interface Comprehension {
  step: Pick<CelNode, 'evaluate'>;
  condition?: (accumulated: unknown) => boolean;
}

export function rootOf(parsed: ParseResult): CelNode {
  return parsed.ast as unknown as CelNode;
}

/** The operands of a node, macro bodies included. */
export function childrenOf(node: CelNode): readonly CelNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [(node.args as [CelNode, string])[0]];
    case '!_':
    case '-_':
      return [node.args as CelNode];
    case 'call':
      return (node.args as [string, CelNode[]])[1];
    case 'rcall': {
      const [, receiver, args] = node.args as [string, CelNode, CelNode[]];
      return [receiver, ...args];
    }
    case 'map':
      return (node.args as [CelNode, CelNode][]).flat();
    default:
      return node.args as CelNode[];
  }
}

/** The variable a macro binds and the operands it is bound in, e.g. `x` and `x > 1` of `l.filter(x, x > 1)`. */
export function bindingOf(node: CelNode): { readonly variable: string; readonly bodies: readonly CelNode[] } | null {
  if (node.op !== 'rcall') return null;
  const [name, receiver, args] = node.args as [string, CelNode, CelNode[]];
  const isBind = name === 'bind' && receiver.op === 'id' && receiver.args === 'cel';
  if (!isBind && node.meta.alternate?.op !== 'comprehension') return null;
  return { variable: String(args[0]?.args), bodies: isBind ? args.slice(2) : args.slice(1) };
}

/** Lets `c ? 1 : "x"` give either: JSON has no common type to insist on. Call before the type check. */
export function relaxTernaries(node: CelNode): void {
  for (const child of childrenOf(node)) relaxTernaries(child);
  if (node.op !== '?:') return;
  const strict = node.meta.check;
  node.setMeta('check', (checker, self, context) => {
    try {
      return strict(checker, self, context);
    } catch (error) {
      if ((error as { code?: string }).code !== 'incompatible_ternary_branches') throw error;
      return checker.dynType;
    }
  });
}

/** Makes every operation pay the meter, and `matches` run in linear time. Call after the type check. */
export function instrument(node: CelNode): void {
  for (const child of childrenOf(node)) instrument(child);
  const comprehension = node.meta.alternate?.op === 'comprehension' ? (node.meta.alternate.args as Comprehension) : null;
  if (comprehension !== null) instrumentLoop(comprehension, bindingOf(node)?.bodies ?? []);
  else if (node.handle !== undefined) node.handle = metered(node, node.handle);
}

function instrumentLoop(loop: Comprehension, bodies: readonly CelNode[]): void {
  const { step, condition } = loop;
  const cost = 1 + bodies.reduce((sum, body) => sum + weigh(body), 0);
  loop.step = {
    evaluate(evaluator, _node, context) {
      meter.spend(cost);
      return step.evaluate(evaluator, step as CelNode, context);
    },
  };
  // `all` and `exists` go on after an error of their body; this is what ends them when the budget is spent.
  if (condition !== undefined) {
    loop.condition = (accumulated) => {
      meter.assertNotSpent();
      return condition(accumulated);
    };
  }
}

/** Nodes evaluated once per iteration; bodies of inner loops pay for themselves. */
function weigh(node: CelNode): number {
  const isLoop = node.meta.alternate?.op === 'comprehension';
  const children = isLoop ? childrenOf(node).slice(0, 1) : childrenOf(node);
  return 1 + children.reduce((sum, child) => sum + weigh(child), 0);
}

function metered(node: CelNode, handle: Handle): Handle {
  switch (node.op) {
    case 'call':
    case 'rcall':
      return meteredCall(node, handle);
    case 'in':
      return (left, right, ...rest) => {
        // A member's presence is constant time; the library's type inference would walk the object's keys first.
        if (typeof left === 'string' && isPlainObject(right)) return Object.hasOwn(right, left);
        if (typeof left === 'object') spendDeep(right);
        else spendShallow(right);
        return handle(left, right, ...rest);
      };
    case '==':
    case '!=':
      return (left, right, ...rest) => {
        if (typeof left === 'object' && typeof right === 'object') spendDeep(left);
        else spendShallow(left);
        return handle(left, right, ...rest);
      };
    case '+':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return (left, right, ...rest) => {
        if (typeof left === 'object' || typeof left === 'string') {
          spendShallow(left);
          spendShallow(right);
        }
        return handle(left, right, ...rest);
      };
    default:
      return handle;
  }
}

function meteredCall(node: CelNode, handle: Handle): Handle {
  const [name, , methodArgs] = node.args as [string, unknown, unknown[]?];
  if (name === 'matches' && methodArgs?.length === 1) {
    return (args, ...rest) => {
      const [text, pattern] = args as unknown[];
      if (typeof text !== 'string' || typeof pattern !== 'string') return handle(args, ...rest);
      meter.spend(text.length >> 2);
      return matches(text, pattern);
    };
  }
  const constantTime = name === 'size';
  return (args, ...rest) => {
    for (const arg of args as unknown[]) if (!(constantTime && Array.isArray(arg))) spendShallow(arg);
    const result = handle(args, ...rest);
    if (typeof result === 'string' || Array.isArray(result)) spendShallow(result);
    return result;
  };
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && (value.constructor === Object || value.constructor === undefined);
}

/** Pays for a pass over a value's first level. */
function spendShallow(value: unknown): void {
  if (typeof value === 'string') meter.spend(value.length >> 6);
  else if (Array.isArray(value)) meter.spend(value.length);
  else if (typeof value === 'object' && value !== null) meter.spend(value instanceof Map ? value.size : Object.keys(value).length >> 1);
}

/** Pays for a pass over all of a value, as deep equality makes. */
function spendDeep(value: unknown): void {
  if (typeof value === 'string') return meter.spend(1 + (value.length >> 6));
  meter.spend(1);
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const element of value) spendDeep(element);
  else if (value instanceof Map) for (const member of value.values()) spendDeep(member);
  else for (const key of Object.keys(value)) spendDeep((value as Record<string, unknown>)[key]);
}
