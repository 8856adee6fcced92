import { RUN_VIEW_FIELDS, type Declarations, type KnownType, type Reference } from '../expressions/index.js';
import { suggestion } from '../graph/faults.js';
import { memberSchema, propertyNames, scalarType, stanceOnOthers } from '../graph/schema-types.js';
import type { JsonObject } from '../model/json.js';

export const STATE_FIELDS = ['output', 'stderr', 'exit_code', 'status', 'response', 'json', 'error'] as const;
const LOOP_FIELDS = ['item', 'index', 'index1', 'first', 'last', 'length', 'parent'];
const ERROR_FIELDS = ['message', 'state', 'exit_code', 'type'];
const WORKFLOW_FIELDS = ['id', 'name', 'version', 'current_state', 'started_at'];

/** What expressions may rely on, in the whole definition. */
export interface MachineFacts {
  readonly inputs: JsonObject | undefined;
  readonly env: ReadonlySet<string>;
  readonly states: ReadonlySet<string>;
}

/** Where an expression stands. */
export interface Place {
  readonly inLoop: boolean;
  /** Whether its value stays out of the journal and off command lines, so that it may hold secrets. */
  readonly secretsAllowed: boolean;
}

type Verdict = ReturnType<Declarations['judge']>;

/** The rules for references at one place, and what is known of their types. */
export function declarationsFor(place: Place, facts: MachineFacts): Declarations {
  return {
    variables: 'states',
    typeOf: (root, path) => typeOf(root, path, facts),
    judge: (reference) => judge(reference, place, facts),
  };
}

function judge(reference: Reference, place: Place, facts: MachineFacts): Verdict {
  const [first, second] = reference.path;
  switch (reference.root) {
    case 'nodes':
      return { code: 'unknown_variable', message: 'a state machine has states.<name>, not nodes' };
    case 'states': {
      if (first === undefined) return undefined;
      if (!facts.states.has(first))
        return { code: 'dangling_reference', message: `there is no state ${first}${suggestion(first, facts.states)}` };
      return unknownField('a state', second, STATE_FIELDS);
    }
    case 'loop':
      if (!place.inLoop) return { code: 'unknown_variable', message: 'loop is known only to the states of a loop' };
      return first === undefined
        ? undefined
        : unknownField(
            'loop',
            reference.path.find((name) => name !== 'parent'),
            LOOP_FIELDS,
          );
    case 'error':
      return unknownField('error', first, ERROR_FIELDS);
    case 'workflow':
      return unknownField('workflow', first, WORKFLOW_FIELDS);
    case 'run':
      return unknownField('run', first, RUN_VIEW_FIELDS);
    case 'inputs':
      return judgeInput(first, reference, facts);
    case 'env':
      if (first === undefined) return { code: 'dynamic_env_reference', message: 'name the variable: env.<NAME>' };
      return facts.env.has(first) ? undefined : { code: 'undeclared_env', message: `list ${first} under env of the definition to read it` };
    case 'secrets':
      if (first === undefined) return { code: 'dynamic_secret_reference', message: 'name the secret: secrets.<NAME>' };
      if (place.secretsAllowed) return undefined;
      return {
        code: 'secret_not_allowed',
        message:
          'secrets may be read in config and inputs of a step and in env and stdin of a command only: all else is recorded or visible to others',
      };
    default:
      return undefined;
  }
}

function unknownField(what: string, field: string | undefined, known: readonly string[]): Verdict {
  if (field === undefined || known.includes(field)) return undefined;
  return { code: 'unknown_field', message: `${what} has ${known.join(', ')}, not ${field}` };
}

function judgeInput(name: string | undefined, reference: Reference, { inputs }: MachineFacts): Verdict {
  if (name === undefined || reference.optional || inputs === undefined || propertyNames(inputs).includes(name)) return undefined;
  const stance = stanceOnOthers(inputs);
  if (stance === 'unknown') return undefined;
  return {
    code: 'unknown_input',
    message: `the inputs do not name ${name}${suggestion(name, propertyNames(inputs))}`,
    severity: stance === 'closed' ? 'error' : 'warning',
  };
}

function typeOf(root: string, path: readonly string[], facts: MachineFacts): KnownType | undefined {
  switch (root) {
    case 'inputs':
      return scalarType(memberSchema(facts.inputs, path));
    case 'env':
    case 'secrets':
      return path.length === 1 ? 'string' : undefined;
    case 'states':
      if (path.length !== 2) return undefined;
      return path[1] === 'exit_code' ? 'double' : path[1] === 'stderr' || path[1] === 'status' ? 'string' : undefined;
    default:
      return undefined;
  }
}
