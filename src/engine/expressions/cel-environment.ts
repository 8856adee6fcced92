import { Environment } from '@marcbachmann/cel-js';
import { registerAll, type FunctionSpec } from './functions/define.js';
import { LIST_FUNCTIONS } from './functions/lists.js';
import { MAP_FUNCTIONS } from './functions/maps.js';
import { NUMBER_FUNCTIONS, registerMixedArithmetic } from './functions/numbers.js';
import { TEXT_FUNCTIONS } from './functions/texts.js';
import { INNER_LOOP } from './reserved-names.js';

/** Limits of one expression's text. Evaluation has its own budget, see `meter.ts`. */
export const MAX_EXPRESSION_LENGTH = 10_000;
const LIMITS = { maxAstNodes: 2_000, maxDepth: 64, maxListElements: 500, maxMapEntries: 500, maxCallArguments: 16 };

/** Everything the language has beyond CEL's own functions. There is no clock and no randomness: a replay must agree. */
export const FUNCTIONS: readonly FunctionSpec[] = [...LIST_FUNCTIONS, ...MAP_FUNCTIONS, ...NUMBER_FUNCTIONS, ...TEXT_FUNCTIONS];

/** Variables an expression may name, by where it stands. */
export type Variables = 'run' | 'item' | 'inputs' | 'states' | 'trigger';

function createBase(): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false, enableOptionalTypes: true, limits: LIMITS });
  registerMixedArithmetic(environment);
  registerAll(environment, FUNCTIONS);
  environment.registerVariable('inputs', 'map<string, dyn>');
  environment.registerVariable('env', 'map<string, dyn>');
  return environment;
}

function createEnvironments(): Record<Variables, Environment> {
  const inputs = createBase();
  const run = inputs
    .clone()
    .registerVariable('nodes', 'map<string, dyn>')
    .registerVariable('run', 'map<string, dyn>')
    .registerVariable('secrets', 'map<string, dyn>');
  const item = run.clone().registerVariable('item', 'dyn').registerVariable('index', 'dyn');
  const states = run
    .clone()
    .registerVariable('states', 'map<string, dyn>')
    .registerVariable('workflow', 'map<string, dyn>')
    .registerVariable(INNER_LOOP, 'dyn')
    .registerVariable('error', 'dyn');
  const trigger = createBase()
    .registerVariable('trigger', 'map<string, dyn>')
    .registerVariable('headers', 'map<string, dyn>')
    .registerVariable('query', 'map<string, dyn>')
    .registerVariable('event', 'map<string, dyn>')
    .registerVariable('body', 'dyn');
  return { inputs, run, item, states, trigger };
}

/** One environment per place: before the run exists, in it, inside `for_each`, in a state machine, and where a trigger makes inputs. */
export const ENVIRONMENTS = createEnvironments();
