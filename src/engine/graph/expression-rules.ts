import { RUN_VIEW_FIELDS, type Declarations, type KnownType, type Reference } from '../expressions/index.js';
import { isJsonObject, type JsonObject } from '../model/json.js';
import type { NodeTypes } from '../ports/node-type.js';
import { suggestion } from './faults.js';
import { memberSchema, propertyNames, scalarType, stanceOnOthers } from './schema-types.js';

/** What expressions may rely on, in the whole definition. */
export interface DefinitionFacts {
  readonly inputs: JsonObject | undefined;
  readonly env: ReadonlySet<string>;
  /** Node type and whether it fans out, by id. */
  readonly nodes: ReadonlyMap<string, { readonly type: string; readonly fansOut: boolean }>;
  readonly nodeTypes: NodeTypes;
  /** Whether a node transitively needs another; null when the graph has no order. */
  readonly isUpstream: ((id: string, other: string) => boolean) | null;
}

/** Where an expression stands. */
export interface Place {
  readonly variables: Declarations['variables'];
  /** The node whose expression it is; null for the definition's own. */
  readonly nodeId: string | null;
  /** Whether its value stays out of the journal, so that it may hold secrets. */
  readonly secretsAllowed: boolean;
}

type Verdict = ReturnType<Declarations['judge']>;

const NODE_FIELDS = ['output', 'status', 'error'];

/** The rules for references at one place, and what is known of their types. Names seen are added to `inputsRead`. */
export function declarationsFor(place: Place, facts: DefinitionFacts, inputsRead: Set<string>): Declarations {
  return {
    variables: place.variables,
    typeOf: (root, path) => typeOf(root, path, facts),
    judge: (reference) => {
      switch (reference.root) {
        case 'nodes':
          return judgeNode(reference, place, facts);
        case 'inputs':
          if (reference.literal) inputsRead.add(reference.path[0] as string);
          else inputsRead.add('*');
          return judgeInput(reference, facts);
        case 'run':
          return judgeRun(reference);
        case 'env':
          return judgeEnv(reference, facts);
        case 'secrets':
          return judgeSecret(reference, place);
        default:
          return undefined;
      }
    },
  };
}

function judgeNode(reference: Reference, place: Place, facts: DefinitionFacts): Verdict {
  const [id, field, ...rest] = reference.path;
  if (id === undefined) {
    // Which nodes have ended is chance while the run goes on, so that only the outputs may look at all of them.
    if (place.nodeId === null) return undefined;
    return { code: 'dynamic_node_reference', message: 'name the node: nodes.<id>, or nodes["<id>"]' };
  }
  const node = facts.nodes.get(id);
  if (node === undefined) return { code: 'dangling_reference', message: `there is no node ${id}${suggestion(id, facts.nodes.keys())}` };
  if (place.nodeId !== null && facts.isUpstream !== null && !facts.isUpstream(place.nodeId, id)) {
    const message =
      id === place.nodeId
        ? `${id} cannot read itself`
        : `${place.nodeId} does not need ${id}, directly or through others, so ${id} may not have run; add it to needs`;
    return { code: 'not_upstream', message };
  }
  if (field === undefined) return undefined;
  if (!NODE_FIELDS.includes(field))
    return {
      code: 'unknown_field',
      message: `a node has output, status and error, not ${field}; did you mean nodes.${id}.output.${field}?`,
    };
  const [member] = rest;
  if (field !== 'output' || member === undefined || node.fansOut) return undefined;
  const schema = facts.nodeTypes.get(node.type)?.outputSchema;
  if (schema === undefined || stanceOnOthers(schema) !== 'closed' || propertyNames(schema).includes(member)) return undefined;
  return {
    code: 'unknown_output',
    message: `${node.type} gives ${propertyNames(schema).join(', ') || 'nothing'}, not ${member}`,
    severity: 'warning',
  };
}

function judgeInput(reference: Reference, { inputs }: DefinitionFacts): Verdict {
  const [name] = reference.path;
  const optional = reference.steps[0]?.op.includes('?') ?? false;
  if (name === undefined || optional || inputs === undefined || propertyNames(inputs).includes(name)) return undefined;
  const stance = stanceOnOthers(inputs);
  if (stance === 'unknown') return undefined;
  return {
    code: 'unknown_input',
    message: `the inputs do not name ${name}${suggestion(name, propertyNames(inputs))}`,
    severity: stance === 'closed' ? 'error' : 'warning',
  };
}

function judgeRun(reference: Reference): Verdict {
  const [field] = reference.path;
  if (field === undefined || (RUN_VIEW_FIELDS as readonly string[]).includes(field)) return undefined;
  return { code: 'unknown_field', message: `run has ${RUN_VIEW_FIELDS.join(', ')}, not ${field}` };
}

function judgeEnv(reference: Reference, { env }: DefinitionFacts): Verdict {
  const [name] = reference.path;
  if (name === undefined) return { code: 'dynamic_env_reference', message: 'name the variable: env.<NAME>' };
  if (env.has(name)) return undefined;
  return { code: 'undeclared_env', message: `list ${name} under env of the definition to read it` };
}

function judgeSecret(reference: Reference, place: Place): Verdict {
  if (reference.path.length === 0) return { code: 'dynamic_secret_reference', message: 'name the secret: secrets.<NAME>' };
  if (place.secretsAllowed) return undefined;
  return {
    code: 'secret_not_allowed',
    message: 'secrets may be read in config, inputs and when of a node only: everything else is recorded',
  };
}

function typeOf(root: string, path: readonly string[], facts: DefinitionFacts): KnownType | undefined {
  switch (root) {
    case 'inputs':
      return scalarType(memberSchema(facts.inputs, path));
    case 'env':
    case 'secrets':
      return path.length === 1 ? 'string' : undefined;
    case 'run':
      return path.length !== 1 ? undefined : path[0] === 'version' || path[0] === 'attempt' ? 'double' : 'string';
    case 'nodes':
      return typeOfNodeMember(path, facts);
    default:
      return undefined;
  }
}

function typeOfNodeMember([id, field, ...rest]: readonly string[], facts: DefinitionFacts): KnownType | undefined {
  const node = id === undefined ? undefined : facts.nodes.get(id);
  if (node === undefined || field === undefined) return undefined;
  if (field === 'status') return rest.length === 0 ? 'string' : undefined;
  if (field === 'error') return rest.length === 1 && (rest[0] === 'code' || rest[0] === 'message') ? 'string' : undefined;
  if (field !== 'output' || node.fansOut) return undefined;
  const schema = facts.nodeTypes.get(node.type)?.outputSchema;
  return isJsonObject(schema) ? scalarType(memberSchema(schema, rest)) : undefined;
}
