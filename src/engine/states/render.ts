import type { GraphView, NodeOverlay } from '../graph/render.js';
import type { StateDefinition, StatesDefinition } from '../model/states-definition.js';
import { flowsOf, levelsOf, membersOf, type Flow } from './flow.js';

/** A state machine as nodes and edges, with how a run fared on it when told; shown by the same renderers as a graph. */
export function viewStates(
  definition: Pick<StatesDefinition, 'initial' | 'states'>,
  overlay?: ReadonlyMap<string, NodeOverlay>,
): GraphView {
  const levelOf = new Map(levelsOf(definition).flatMap((names, level) => names.map((name) => [name, level])));
  const members = membersOf(definition.states, 'body');
  return {
    nodes: Object.entries(definition.states).map(([name, state]) => {
      const fared = overlay?.get(name);
      return {
        id: name,
        type: typeOf(state),
        name,
        level: levelOf.get(name) ?? null,
        // Any one way leads into a state.
        join: 'any_success',
        conditional: state.type !== 'terminal' && (state.transitions ?? []).length > 0,
        for_each: state.type === 'for_each' || state.type === 'while' || members.has(name),
        ...(overlay === undefined
          ? {}
          : { status: fared?.status ?? 'pending', duration_ms: fared?.duration_ms ?? null, attempts: fared?.attempts ?? 0 }),
      };
    }),
    edges: Object.entries(definition.states).flatMap(([from, state]) =>
      flowsOf(state).map((flow) => ({ from, to: flow.to, label: labelOf(flow) })),
    ),
  };
}

function typeOf(state: StateDefinition): string {
  switch (state.type) {
    case 'step':
      return state.node;
    case 'terminal':
      return `terminal (${state.status ?? 'success'})`;
    default:
      return state.type;
  }
}

function labelOf({ kind, when }: Flow): string {
  switch (kind) {
    case 'transition':
      return when === undefined ? 'otherwise' : when.replace(/^\s*\{\{\s*|\s*\}\}\s*$/g, '').slice(0, 80);
    case 'success':
      return 'on success';
    case 'failure':
      return 'on failure';
    case 'complete':
      return 'on complete';
    default:
      return kind;
  }
}
