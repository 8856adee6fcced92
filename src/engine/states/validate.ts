import { checkCondition, checkItems, checkTemplate, pointerTo, type TemplateFault } from '../expressions/index.js';
import { suggestion, type DefinitionFault } from '../graph/faults.js';
import { checkSchema, checkTemplated, compileStructure, toFaults } from '../graph/schemas.js';
import type { ValidationResult } from '../graph/validate.js';
import { isJsonObject, type Json, type JsonObject } from '../model/json.js';
import type { StateDefinition, StatesDefinition } from '../model/states-definition.js';
import type { NodeTypes } from '../ports/node-type.js';
import { declarationsFor, type MachineFacts, type Place } from './expression-rules.js';
import { flowsOf, levelsOf, membersOf, statesInLoops } from './flow.js';
import { checkInputRules, inputsSchema } from './inputs.js';
import { MAX_STATES, STATE_SCHEMAS, STATES_SCHEMA } from './states-schema.js';

const MAX_FAULTS = 1_000;
const MAX_NESTING = 16;
const SHELL_TYPE = 'shell.exec';

const validateStructure = compileStructure(STATES_SCHEMA);
const stateValidators = new Map(Object.entries(STATE_SCHEMAS).map(([type, schema]) => [type, compileStructure(schema)]));
const STATE_TYPES = Object.keys(STATE_SCHEMAS);

/** Finds everything that is wrong with a state machine at once. What is malformed is skipped by later checks. */
export function validateStates(definition: JsonObject, nodeTypes: NodeTypes): ValidationResult {
  const count = isJsonObject(definition['states']) ? Object.keys(definition['states']).length : 0;
  if (count > MAX_STATES) {
    const fault = { path: '/states', code: 'too_many_states', message: `${count} states; a state machine has at most ${MAX_STATES}` };
    return { valid: false, errors: [fault], warnings: [], levels: [] };
  }
  return new Validation(definition, nodeTypes).result();
}

/** One definition being validated: faults collect here while the checks go over it. */
class Validation {
  private readonly errors: DefinitionFault[] = [];
  private readonly warnings: DefinitionFault[] = [];
  /** States whose structure is right. */
  private readonly states: StatesDefinition['states'];
  private readonly names: ReadonlySet<string>;
  private readonly facts: MachineFacts;
  private readonly levels: string[][];

  constructor(
    private readonly definition: JsonObject,
    private readonly nodeTypes: NodeTypes,
  ) {
    if (!validateStructure(definition)) this.errors.push(...toFaults(validateStructure.errors ?? []));
    const sources = isJsonObject(definition['states']) ? definition['states'] : {};
    this.names = new Set(Object.keys(sources));
    this.states = Object.fromEntries(Object.entries(sources).flatMap(([name, source]) => this.readState(name, source)));
    this.facts = { inputs: this.checkInputs(), env: new Set(strings(definition['env'])), states: this.names };
    this.levels = typeof definition['initial'] === 'string' ? levelsOf({ initial: definition['initial'], states: this.states }) : [];
    this.checkFlow();
    this.checkNesting();
    const looped = statesInLoops(this.states);
    for (const [name, state] of Object.entries(this.states)) this.checkState(name, state, looped.has(name));
    this.checkDefinitionExpressions();
  }

  result(): ValidationResult {
    const errors = [...new Map(this.errors.map((fault) => [`${fault.path} ${fault.code} ${fault.message}`, fault])).values()];
    return {
      valid: errors.length === 0,
      errors: errors.slice(0, MAX_FAULTS),
      warnings: this.warnings.slice(0, MAX_FAULTS),
      levels: this.levels,
    };
  }

  private readState(name: string, source: Json): [string, StateDefinition][] {
    const path = pointerTo('/states', name);
    if (!isJsonObject(source)) return [];
    const type = source['type'];
    const validate = typeof type === 'string' ? stateValidators.get(type) : undefined;
    if (validate === undefined) {
      const message =
        typeof type === 'string'
          ? `there is no type of state ${type}${suggestion(type, STATE_TYPES)}; known are ${STATE_TYPES.join(', ')}`
          : `a state has a type: ${STATE_TYPES.join(', ')}`;
      this.error(`${path}/type`, type === undefined ? 'required' : 'unknown_state_type', message);
      return [];
    }
    if (!validate(source)) {
      this.errors.push(...toFaults(validate.errors ?? [], path));
      return [];
    }
    return [[name, source as unknown as StateDefinition]];
  }

  private checkInputs(): JsonObject | undefined {
    const inputs = this.definition['inputs'];
    if (Array.isArray(inputs)) {
      this.errors.push(...checkInputRules(inputs));
      const rules = inputs.filter((rule) => isJsonObject(rule) && typeof rule['name'] === 'string');
      return inputsSchema(rules as unknown as StatesDefinition['inputs']);
    }
    if (!isJsonObject(inputs)) return undefined;
    this.errors.push(...checkSchema(inputs, '/inputs'));
    return inputs;
  }

  // --- The way through ---------------------------------------------------------------------------------------------

  private checkFlow(): void {
    const initial = this.definition['initial'];
    if (typeof initial === 'string' && !this.names.has(initial)) {
      this.error('/initial', 'dangling_reference', `there is no state ${initial}${suggestion(initial, this.names)}`);
    }
    for (const [name, state] of Object.entries(this.states)) {
      for (const { to, path } of flowsOf(state)) {
        if (this.names.has(to)) continue;
        this.error(`${pointerTo('/states', name)}${path}`, 'dangling_reference', `there is no state ${to}${suggestion(to, this.names)}`);
      }
    }
    // Whether an end is missing cannot be told while a state is malformed.
    if (Object.keys(this.states).length < this.names.size) return;
    const types = Object.values(this.states).map((state) => state.type);
    if (!types.includes('terminal')) this.error('/states', 'no_terminal', 'at least one state must be of type terminal');
    const reached = new Set(this.levels.flat());
    for (const name of this.names) {
      if (!reached.has(name)) this.warn(pointerTo('/states', name), 'unreachable', `nothing leads to ${name}`);
    }
  }

  private checkNesting(): void {
    const depths = new Map<string, number>();
    const inside = new Set([...membersOf(this.states, 'body'), ...membersOf(this.states, 'branch')]);
    for (const [name, state] of Object.entries(this.states)) {
      const path = pointerTo('/states', name);
      const seen = new Set<string>();
      for (const flow of flowsOf(state)) {
        if (flow.kind !== 'body' && flow.kind !== 'branch') continue;
        const list = flow.kind === 'body' ? 'body' : 'branches';
        if (seen.has(flow.to)) this.error(`${path}${flow.path}`, 'duplicate_member', `${flow.to} is in ${list} twice`);
        seen.add(flow.to);
        if (this.states[flow.to]?.type === 'terminal') {
          this.error(`${path}${flow.path}`, 'terminal_inside', `${flow.to} is a terminal; ${list} may lead to one but not hold it`);
        }
      }
      this.depthOf(name, depths, []);
      if (!inside.has(name)) this.checkLeadsOn(name, state, path);
    }
  }

  /** How deep a state holds others; what is on the way down to itself holds itself. */
  private depthOf(name: string, known: Map<string, number>, above: readonly string[]): number {
    const depth = known.get(name);
    if (depth !== undefined) return depth;
    if (above.includes(name)) {
      const circle = [...above.slice(above.indexOf(name)), name];
      this.error(pointerTo('/states', name), 'nested_in_itself', circle.join(' holds '));
      return 0;
    }
    const state = this.states[name];
    const inner = (state === undefined ? [] : flowsOf(state)).filter(({ kind }) => kind === 'body' || kind === 'branch');
    const deepest = inner.length === 0 ? 0 : 1 + Math.max(...inner.map(({ to }) => this.depthOf(to, known, [...above, name])));
    known.set(name, deepest);
    if (deepest === MAX_NESTING + 1) {
      this.error(pointerTo('/states', name), 'too_deep', `loops and parallels nest deeper than ${MAX_NESTING}`);
    }
    return deepest;
  }

  private checkLeadsOn(name: string, state: StateDefinition, path: string): void {
    if (state.type === 'terminal' || Object.keys(state).some((key) => key === 'on_success' || key === 'on_complete')) return;
    if (state.transitions === undefined || state.transitions.length === 0) {
      const message = `nothing says what comes after ${name}: on_success, transitions${'body' in state ? ', on_complete' : ''}`;
      if (state.on_failure === undefined) this.error(path, 'leads_nowhere', message);
      else this.warn(path, 'may_lead_nowhere', message);
    } else if (!state.transitions.some(({ when }) => when === undefined || when === true)) {
      this.warn(
        path,
        'may_lead_nowhere',
        `when no transition of ${name} holds, the run fails; add on_success or a transition without when`,
      );
    }
  }

  // --- States --------------------------------------------------------------------------------------------------------

  private checkState(name: string, state: StateDefinition, inLoop: boolean): void {
    const path = pointerTo('/states', name);
    const plain: Place = { inLoop, secretsAllowed: false };
    const hidden: Place = { inLoop, secretsAllowed: true };
    if (state.type !== 'terminal') this.checkCommon(state, path, plain);
    switch (state.type) {
      case 'step':
        this.checkNode(state.node, { config: state.config ?? {}, inputs: state.inputs ?? {} }, path);
        this.template(state.config, `${path}/config`, hidden);
        this.template(state.inputs, `${path}/inputs`, hidden);
        break;
      case 'command':
        this.checkNode(SHELL_TYPE, null, path);
        for (const field of ['command', 'script', 'args', 'workdir'] as const) this.template(state[field], `${path}/${field}`, plain);
        for (const field of ['env', 'stdin'] as const) this.template(state[field], `${path}/${field}`, hidden);
        break;
      case 'parallel':
        break;
      case 'for_each':
      case 'while':
        if (state.type === 'while') this.condition(state.while, `${path}/while`, { ...plain, inLoop: true });
        else this.add(checkItems(state.items, `${path}/items`, declarationsFor(plain, this.facts)));
        if (state.break_when !== undefined) this.condition(state.break_when, `${path}/break_when`, { ...plain, inLoop: true });
        this.template(state.max_iterations, `${path}/max_iterations`, plain);
        break;
      case 'call_workflow':
        this.template(state.workflow, `${path}/workflow`, plain);
        this.template(state.inputs, `${path}/inputs`, plain);
        break;
      case 'terminal':
        this.template(state.message, `${path}/message`, plain);
        this.template(state.outputs, `${path}/outputs`, plain);
    }
  }

  private checkCommon(state: Exclude<StateDefinition, { type: 'terminal' }>, path: string, place: Place): void {
    (state.transitions ?? []).forEach(({ when }, index) => {
      if (when !== undefined) this.condition(when, `${path}/transitions/${index}/when`, place);
    });
    if (isJsonObject(state.on_failure)) this.template(state.on_failure['message'] ?? null, `${path}/on_failure/message`, place);
    for (const list of ['pre', 'post'] as const) this.checkHooks(state.hooks?.[list], `${path}/hooks/${list}`, place);
  }

  private checkHooks(hooks: Json | readonly object[] | undefined, path: string, place: Place): void {
    if (!Array.isArray(hooks)) return;
    (hooks as readonly Json[]).forEach((hook, index) => {
      this.template(hook, `${path}/${index}`, place);
      if (isJsonObject(hook) && 'command' in hook) this.checkNode(SHELL_TYPE, null, `${path}/${index}`);
    });
  }

  private checkNode(type: string, fields: Readonly<Record<'config' | 'inputs', JsonObject>> | null, path: string): void {
    const nodeType = this.nodeTypes.get(type);
    if (nodeType === undefined) {
      const known = this.nodeTypes.list().map((candidate) => candidate.type);
      const message =
        fields === null ? `this server has no ${type}, so it runs no commands` : `there is no node type ${type}${suggestion(type, known)}`;
      this.error(fields === null ? path : `${path}/node`, 'unknown_node_type', message);
    } else if (fields !== null) {
      this.errors.push(...checkTemplated(fields.config, nodeType.configSchema, `${path}/config`));
      this.errors.push(...checkTemplated(fields.inputs, nodeType.inputSchema, `${path}/inputs`));
    }
  }

  private checkDefinitionExpressions(): void {
    const { hooks, outputs, settings } = this.definition;
    const place: Place = { inLoop: false, secretsAllowed: false };
    if (isJsonObject(hooks)) for (const [event, list] of Object.entries(hooks)) this.checkHooks(list, `/hooks/${event}`, place);
    this.template(outputs, '/outputs', place);
    const key = isJsonObject(settings) && isJsonObject(settings['concurrency']) ? settings['concurrency']['key'] : undefined;
    if (key !== undefined)
      this.add(checkTemplate(key, '/settings/concurrency/key', { ...declarationsFor(place, this.facts), variables: 'inputs' }));
  }

  private template(value: Json | undefined, path: string, place: Place): void {
    if (value !== undefined) this.add(checkTemplate(value, path, declarationsFor(place, this.facts)));
  }

  private condition(value: string | boolean, path: string, place: Place): void {
    this.add(checkCondition(value, path, declarationsFor(place, this.facts)));
  }

  private add(faults: readonly TemplateFault[]): void {
    for (const { severity, ...fault } of faults) (severity === 'error' ? this.errors : this.warnings).push(fault);
  }

  private error(path: string, code: string, message: string): void {
    this.errors.push({ path, code, message });
  }

  private warn(path: string, code: string, message: string): void {
    this.warnings.push({ path, code, message });
  }
}

function strings(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((element) => typeof element === 'string') : [];
}
