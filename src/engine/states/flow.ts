import type { StateDefinition, StatesDefinition } from '../model/states-definition.js';

export type FlowKind = 'success' | 'failure' | 'transition' | 'complete' | 'body' | 'branch';

/** One way from a state to another. */
export interface Flow {
  readonly to: string;
  readonly kind: FlowKind;
  /** JSON pointer of the name, below the state. */
  readonly path: string;
  readonly when?: string;
}

/** Every state that a state names, in the order in which they are looked at. */
export function flowsOf(state: StateDefinition): Flow[] {
  if (state.type === 'terminal') return [];
  const flows: Flow[] = [];
  if (state.type === 'parallel') flows.push(...listed(state.branches, 'branch', '/branches'));
  if (state.type === 'for_each' || state.type === 'while') flows.push(...listed(state.body, 'body', '/body'));
  (state.transitions ?? []).forEach(({ goto, when }, index) =>
    flows.push({ to: goto, kind: 'transition', path: `/transitions/${index}/goto`, ...(typeof when === 'string' ? { when } : {}) }),
  );
  if ('on_complete' in state && state.on_complete !== undefined)
    flows.push({ to: state.on_complete, kind: 'complete', path: '/on_complete' });
  if (state.on_success !== undefined) flows.push({ to: state.on_success, kind: 'success', path: '/on_success' });
  if (typeof state.on_failure === 'string') flows.push({ to: state.on_failure, kind: 'failure', path: '/on_failure' });
  return flows;
}

/** States by their distance from the first one; what cannot be reached is in none. */
export function levelsOf({ initial, states }: Pick<StatesDefinition, 'initial' | 'states'>): string[][] {
  const levels: string[][] = [];
  const seen = new Set<string>();
  let current = Object.hasOwn(states, initial) ? [initial] : [];
  while (current.length > 0) {
    for (const name of current) seen.add(name);
    levels.push(current);
    const next = new Set(current.flatMap((name) => flowsOf(states[name] as StateDefinition).map((flow) => flow.to)));
    current = [...next].filter((name) => !seen.has(name) && Object.hasOwn(states, name));
  }
  return levels;
}

/** Names that are a member of some state's body or branches. */
export function membersOf(states: StatesDefinition['states'], kind: 'body' | 'branch'): Set<string> {
  return new Set(
    Object.values(states).flatMap((state) =>
      flowsOf(state)
        .filter((flow) => flow.kind === kind)
        .map((flow) => flow.to),
    ),
  );
}

/** Names of states that run inside of a loop: bodies, and what is inside of those. */
export function statesInLoops(states: StatesDefinition['states']): Set<string> {
  const found = new Set<string>();
  const open = [...membersOf(states, 'body')];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = states[name];
    if (found.has(name) || state === undefined) continue;
    found.add(name);
    open.push(
      ...flowsOf(state)
        .filter(({ kind }) => kind === 'body' || kind === 'branch')
        .map(({ to }) => to),
    );
  }
  return found;
}

function listed(names: readonly string[], kind: FlowKind, path: string): Flow[] {
  return names.map((to, index) => ({ to, kind, path: `${path}/${index}` }));
}
