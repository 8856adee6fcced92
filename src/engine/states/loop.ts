import type { LoopView } from '../expressions/index.js';
import { isJsonObject, type Json } from '../model/json.js';
import { serializeError, StepError, type SerializedError } from '../model/step-error.js';
import type { LoopState } from './compile.js';
import { holds } from './condition.js';
import type { Frame } from './frame.js';
import { MAX_ITERATIONS } from './states-schema.js';
import { failing, type Result, type Visitor } from './visitor.js';

type TurnEnd =
  | { readonly kind: 'done' }
  | { readonly kind: 'left'; readonly goto: string }
  | { readonly kind: 'failed'; readonly error: SerializedError }
  | { readonly kind: 'cancelled' };

/** Runs a `for_each` or a `while`. */
export function runLoop(visits: Visitor, state: LoopState, path: string, frame: Frame): Promise<Result> {
  return failing(() => new LoopRun(visits, state, path, frame).run());
}

class LoopRun {
  private failures = 0;

  constructor(
    private readonly visits: Visitor,
    private readonly state: LoopState,
    private readonly path: string,
    private readonly frame: Frame,
  ) {}

  async run(): Promise<Result> {
    const scope = this.visits.scope.at(this.frame, this.state.name);
    const items = this.state.items === null ? null : listOf(this.state.items.evaluate(scope));
    const limit = this.state.maxIterations === null ? MAX_ITERATIONS : limitOf(this.state.maxIterations.evaluate(scope));
    if (items !== null && this.state.maxIterations === null && items.length > limit) {
      throw new StepError('too_many_items', `items has ${items.length} items, the limit is ${limit}.`, { retryable: false });
    }
    const count = items === null ? limit : Math.min(limit, items.length);
    for (let index = 0; index < count; index += 1) {
      const turn: Frame = { ...this.frame, prefix: `${this.path}[${index}]/`, visits: new Map(), loop: this.view(items, index, count) };
      const at = this.visits.scope.at(turn, this.state.name);
      if (this.state.condition !== null && !holds(this.state.condition, at)) return this.complete(index, 'condition');
      const end = await this.turn(turn);
      if (end.kind === 'left') return { status: 'left', goto: end.goto, output: { iterations: index + 1 } };
      if (end.kind === 'failed') return { status: 'failed', error: end.error };
      if (end.kind === 'cancelled') return { status: 'cancelled' };
      if (this.breaks(turn, index)) return this.complete(index + 1, 'break');
    }
    // A `while` that is cut off has not done what it was for, unless it says what comes then.
    if (items === null && this.failures > 0 && !this.state.hasCompletion) {
      const message = `the loop ended after ${count} iterations, and ${this.failures} of its steps failed`;
      return { status: 'failed', error: { code: 'loop_failed', message } };
    }
    return this.complete(count, items === null ? 'limit' : 'items');
  }

  /** One pass over the body, which may jump within itself. */
  private async turn(frame: Frame): Promise<TurnEnd> {
    const { body, name: loop } = this.state;
    let position = 0;
    while (position < body.length) {
      const name = body[position] as string;
      const state = this.visits.working(name);
      const visit = await this.visits.visit(state, frame);
      if (visit.status === 'cancelled') return { kind: 'cancelled' };
      const next = visit.status === 'left' ? visit.goto : this.visits.route(state, visit.status, frame);
      if (visit.status === 'failed') {
        if (next !== loop && !state.continueOnError) {
          return { kind: 'failed', error: { ...visit.error, message: `step ${name} failed: ${visit.error.message}` } };
        }
        this.failures += 1;
      }
      if (typeof next !== 'string' || next === loop) {
        position += 1;
      } else if (body.includes(next)) {
        this.visits.countTransition();
        position = body.indexOf(next);
      } else {
        return { kind: 'left', goto: next };
      }
    }
    return { kind: 'done' };
  }

  /** A `break_when` that cannot be told breaks nothing; its fault is in the journal. */
  private breaks(frame: Frame, index: number): boolean {
    if (this.state.breakWhen === null) return false;
    try {
      return holds(this.state.breakWhen, this.visits.scope.at(frame, this.state.name));
    } catch (fault) {
      const spec = { nodeId: this.state.name, nodeType: 'states.break_when', pure: true };
      this.visits.context.fail(`${this.path}[${index}]/$break_when`, spec, serializeError(fault));
      return false;
    }
  }

  private complete(iterations: number, ended: 'items' | 'condition' | 'break' | 'limit'): Result {
    return { status: 'success', output: { iterations, failures: this.failures, ended } };
  }

  private view(items: readonly Json[] | null, index: number, count: number): LoopView {
    return {
      item: items?.[index] ?? null,
      index,
      index1: index + 1,
      first: index === 0,
      last: items !== null && index === count - 1,
      length: items === null ? null : count,
      parent: this.frame.loop ?? null,
    };
  }
}

function listOf(items: Json): Json[] {
  if (Array.isArray(items)) return items;
  const what = items === null ? 'null' : isJsonObject(items) ? 'an object' : `a ${typeof items}`;
  throw new StepError('items_not_a_list', `items must give a list, not ${what}.`, { retryable: false });
}

function limitOf(value: Json): number {
  const limit = typeof value === 'string' ? Number(value.trim() || Number.NaN) : value;
  if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= MAX_ITERATIONS) return limit;
  throw new StepError(
    'bad_max_iterations',
    `max_iterations must give a whole number from 1 to ${MAX_ITERATIONS}, not ${JSON.stringify(value)}.`,
    {
      retryable: false,
    },
  );
}
