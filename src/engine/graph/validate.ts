import { checkCondition, checkItems, checkTemplate, pointerTo, type TemplateFault } from '../expressions/index.js';
import { isJsonObject, type Json, type JsonObject } from '../model/json.js';
import type { NodeTypes } from '../ports/node-type.js';
import { MAX_NODES } from './definition-schema.js';
import { declarationsFor, type DefinitionFacts, type Place } from './expression-rules.js';
import { suggestion, type DefinitionFault } from './faults.js';
import { propertyNames } from './schema-types.js';
import { checkSchema, checkTemplated, toFaults, validateStructure } from './schemas.js';
import { sortGraph, type Topology } from './topology.js';

/** More faults than this help nobody. */
const MAX_FAULTS = 1_000;
const MAX_CYCLES = 20;

export interface ValidationResult {
  readonly valid: boolean;
  readonly errors: readonly DefinitionFault[];
  readonly warnings: readonly DefinitionFault[];
  /** Node ids by depth; without nodes on or behind a cycle. */
  readonly levels: readonly (readonly string[])[];
}

/** A node as far as it is well-formed. */
interface Node {
  readonly id: string;
  readonly type: string;
  readonly path: string;
  readonly source: JsonObject;
  readonly needs: readonly string[];
  readonly forEach: JsonObject | null;
}

/** Finds everything that is wrong with a definition at once. `definition` is any JSON, so what is malformed is skipped by later checks. */
export function validateDefinition(definition: Json, nodeTypes: NodeTypes): ValidationResult {
  if (!isJsonObject(definition)) return failed({ path: '', code: 'type', message: 'a definition is an object' });
  const count = Array.isArray(definition.nodes) ? definition.nodes.length : 0;
  if (count > MAX_NODES)
    return failed({ path: '/nodes', code: 'too_many_nodes', message: `${count} nodes; a workflow has at most ${MAX_NODES}` });
  return new Validation(definition, nodeTypes).result();
}

function failed(fault: DefinitionFault): ValidationResult {
  return { valid: false, errors: [fault], warnings: [], levels: [] };
}

/** One definition being validated: faults collect here while the checks go over it. */
class Validation {
  private readonly errors: DefinitionFault[] = [];
  private readonly warnings: DefinitionFault[] = [];
  private readonly inputsRead = new Set<string>();
  private readonly nodes: readonly Node[];
  private readonly topology: Topology;
  private readonly facts: DefinitionFacts;

  constructor(
    private readonly definition: JsonObject,
    private readonly nodeTypes: NodeTypes,
  ) {
    this.checkStructure();
    this.nodes = this.readNodes();
    this.checkIds();
    this.topology = this.sort();
    this.facts = {
      inputs: isJsonObject(definition.inputs) ? definition.inputs : undefined,
      env: new Set(strings(definition.env)),
      nodes: new Map(this.nodes.map((node) => [node.id, { type: node.type, fansOut: node.forEach !== null }])),
      nodeTypes,
      isUpstream: this.topology.cycles.length === 0 ? (id, other) => this.topology.isUpstream(id, other) : null,
    };
    for (const node of this.nodes) this.checkNode(node);
    this.checkDefinitionExpressions();
    if (this.facts.inputs !== undefined) this.errors.push(...checkSchema(this.facts.inputs, '/inputs'));
    this.warnOfUnused();
  }

  result(): ValidationResult {
    const errors = [...new Map(this.errors.map((fault) => [`${fault.path} ${fault.code} ${fault.message}`, fault])).values()].slice(
      0,
      MAX_FAULTS,
    );
    return { valid: errors.length === 0, errors, warnings: this.warnings.slice(0, MAX_FAULTS), levels: this.topology.levels };
  }

  private checkStructure(): void {
    if (validateStructure(this.definition)) return;
    this.errors.push(...toFaults(validateStructure.errors ?? []));
  }

  private readNodes(): Node[] {
    const list = Array.isArray(this.definition.nodes) ? this.definition.nodes : [];
    return list.flatMap((source, index): Node[] => {
      if (!isJsonObject(source) || typeof source.id !== 'string') return [];
      return [
        {
          id: source.id,
          type: typeof source.type === 'string' ? source.type : '',
          path: `/nodes/${index}`,
          source,
          needs: strings(source.needs),
          forEach: isJsonObject(source.for_each) ? source.for_each : null,
        },
      ];
    });
  }

  private checkIds(): void {
    const first = new Map<string, Node>();
    for (const node of this.nodes) {
      const twin = first.get(node.id);
      if (twin === undefined) first.set(node.id, node);
      else this.error(`${node.path}/id`, 'duplicate_id', `${node.id} is the id of ${twin.path} already`);
    }
    for (const node of this.nodes) {
      node.needs.forEach((need, index) => {
        const path = `${node.path}/needs/${index}`;
        if (!first.has(need)) this.error(path, 'dangling_reference', `there is no node ${need}${suggestion(need, first.keys())}`);
        else if (node.needs.indexOf(need) !== index) this.warn(path, 'duplicate_need', `${need} is needed twice`);
      });
    }
  }

  private sort(): Topology {
    const unique = new Map(this.nodes.map((node) => [node.id, node]));
    const vertices = [...unique.values()].map(({ id, needs }) => ({ id, needs: [...new Set(needs)].filter((need) => unique.has(need)) }));
    const topology = sortGraph(vertices);
    for (const cycle of topology.cycles.slice(0, MAX_CYCLES)) {
      const closing = unique.get(cycle[0] as string) as Node;
      this.error(`${closing.path}/needs`, 'cycle', `the graph has a cycle: ${cycle.toReversed().join(' -> ')}`);
    }
    return topology;
  }

  private checkNode(node: Node): void {
    const { source, path } = node;
    this.checkAgainstType(node);
    const inItem: Place = { variables: node.forEach === null ? 'run' : 'item', nodeId: node.id, secretsAllowed: true };
    const before: Place = { ...inItem, variables: 'run' };
    for (const field of ['config', 'inputs'] as const) {
      if (isJsonObject(source[field])) this.checkTemplateAt(source[field], `${path}/${field}`, inItem);
    }
    if (typeof source.when === 'string') this.add(checkCondition(source.when, `${path}/when`, this.declarations(before)));
    if (source.when === false) this.warn(`${path}/when`, 'never_runs', `${node.id} never runs`);
    if (node.forEach?.items !== undefined) {
      this.add(checkItems(node.forEach.items, `${path}/for_each/items`, this.declarations({ ...before, secretsAllowed: false })));
    }
    if (isJsonObject(source.on_error))
      this.checkTemplateAt(source.on_error.output ?? null, `${path}/on_error/output`, { ...inItem, secretsAllowed: false });
    if (source.join !== undefined && node.needs.length === 0)
      this.warn(`${path}/join`, 'join_without_needs', `${node.id} needs nothing, so join has no effect`);
  }

  private checkAgainstType({ type, path, source }: Node): void {
    if (type === '') return;
    const nodeType = this.nodeTypes.get(type);
    if (nodeType === undefined) {
      const known = this.nodeTypes.list().map((candidate) => candidate.type);
      this.error(`${path}/type`, 'unknown_node_type', `there is no node type ${type}${suggestion(type, known)}`);
      return;
    }
    const fields = [
      ['config', nodeType.configSchema],
      ['inputs', nodeType.inputSchema],
    ] as const;
    for (const [field, schema] of fields) {
      const value = source[field] ?? {};
      if (isJsonObject(value)) this.errors.push(...checkTemplated(value, schema, `${path}/${field}`));
    }
  }

  private checkDefinitionExpressions(): void {
    const { outputs, settings } = this.definition;
    if (outputs !== undefined) this.checkTemplateAt(outputs, '/outputs', { variables: 'run', nodeId: null, secretsAllowed: false });
    const key = isJsonObject(settings) && isJsonObject(settings.concurrency) ? settings.concurrency.key : undefined;
    if (typeof key === 'string')
      this.checkTemplateAt(key, '/settings/concurrency/key', { variables: 'inputs', nodeId: null, secretsAllowed: false });
  }

  private warnOfUnused(): void {
    if (this.inputsRead.has('*') || this.facts.inputs === undefined) return;
    for (const name of propertyNames(this.facts.inputs)) {
      if (!this.inputsRead.has(name)) this.warn(pointerTo('/inputs/properties', name), 'unused_input', `nothing reads inputs.${name}`);
    }
  }

  private checkTemplateAt(value: Json, path: string, place: Place): void {
    this.add(checkTemplate(value, path, this.declarations(place)));
  }

  private declarations(place: Place) {
    return declarationsFor(place, this.facts, this.inputsRead);
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
