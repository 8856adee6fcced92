import type { Json } from '../model/json.js';
import type { Scope } from './scope.js';

/** What a template reads, known without evaluating it. */
export interface References {
  /** Ids named as `nodes.<id>` or `nodes["<id>"]`. */
  readonly nodes: ReadonlySet<string>;
  /** Names of states it cannot do without: `states.<name>`, but neither `has(states.<name>.output)` nor `states.?name`. */
  readonly states: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
  readonly env: ReadonlySet<string>;
  /** Whether it reads `item` or `index`. */
  readonly item: boolean;
}

/** A JSON value with `{{ … }}` in its strings, compiled once. */
export interface CompiledTemplate {
  /** Holds no expression: `evaluate` returns the same value every time and costs nothing. */
  readonly constant: boolean;
  /** Top-level members without expressions, when the value is an object; a journal may leave them out. */
  readonly constantKeys: ReadonlySet<string>;
  /** Top-level members that read `secrets`: their values are in clear and must never be journaled or logged. */
  readonly secretKeys: ReadonlySet<string>;
  readonly references: References;
  /** Throws `StepError('expression_error')`, never anything else. The result may share structure with the scope: never mutate it. */
  evaluate(scope: Scope): Json;
}

/** A `when`: always a boolean. */
export interface CompiledCondition {
  /** Its value when it does not depend on anything, else null. */
  readonly constant: boolean | null;
  readonly references: References;
  /** Throws `StepError('expression_error')` when the expression fails or gives anything but true or false. */
  evaluate(scope: Scope): boolean;
}
