import type { StateDefinition, StatesDefinition } from '../model/states-definition.js';

/** A visit to a state, as the paths of its steps name it. */
export interface VisitPath {
  readonly path: string;
  readonly state: string;
}

const SEGMENT = /^([A-Za-z0-9_.-]+)(~\d+)?(?:(\[\d+\])|#\d+)?$/;

/**
 * The visits that a step's path lies in, outermost first: of `each[3]/fetch~2` those of `each` and of `each[3]/fetch~2`. What
 * follows the last one is inside of it: a hook, its time limit, a step of its node. None for hooks of the workflow.
 */
export function visitsOf(path: string, states: StatesDefinition['states']): VisitPath[] {
  const visits: VisitPath[] = [];
  let members: ReadonlySet<string> | null = null;
  let prefix = '';
  for (const segment of path.split('/')) {
    const [, name = '', repeated = '', turn = ''] = SEGMENT.exec(segment) ?? [];
    const state = members === null || members.has(name) ? states[name] : undefined;
    if (state === undefined || name === '') break;
    visits.push({ path: `${prefix}${name}${repeated}`, state: name });
    members = membersOf(state, turn !== '');
    if (members === null) break;
    prefix += `${segment}/`;
  }
  return visits;
}

/** Whether a path names the visit, or something inside of it. */
export function isWithin(path: string, visit: string): boolean {
  if (!path.startsWith(visit)) return false;
  const next = path[visit.length];
  return next === undefined || next === '/' || next === '[' || next === '#';
}

/** The states that may stand directly inside of one; null: none. */
function membersOf(state: StateDefinition, inTurn: boolean): ReadonlySet<string> | null {
  if (state.type === 'parallel' && !inTurn) return new Set(state.branches);
  if ((state.type === 'for_each' || state.type === 'while') && inTurn) return new Set(state.body);
  return null;
}
