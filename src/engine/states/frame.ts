import type { ErrorView, LoopView, StateView } from '../expressions/index.js';

/** What has happened so far, as expressions see it. */
export interface Memory {
  readonly views: Record<string, StateView>;
  error: ErrorView | undefined;
  /** The state that ended last. */
  last: string | undefined;
}

/** The place a state is visited at. Paths of steps are unique and the same on every replay. */
export interface Frame {
  readonly prefix: string;
  readonly visits: Map<string, number>;
  readonly loop: LoopView | undefined;
  readonly memory: Memory;
  /** Ends what goes on here alone. */
  readonly signal: AbortSignal | undefined;
}

/** The path of the next visit to a state: `fetch`, then `fetch~2`; inside of others `each[3]/fetch`, `both/fetch`. */
export function nextPath(frame: Frame, name: string): string {
  const visit = (frame.visits.get(name) ?? 0) + 1;
  frame.visits.set(name, visit);
  return `${frame.prefix}${name}${visit === 1 ? '' : `~${visit}`}`;
}

/** Branches see what happened before them and what they do themselves, never each other: that would be chance. */
export function forkMemory(memory: Memory): Memory {
  return { ...memory, views: { ...memory.views } };
}

/** Takes over what a branch did. Called in the order of the definition, whatever the order of the ends. */
export function joinMemory(memory: Memory, before: Readonly<Record<string, StateView>>, branch: Memory): void {
  for (const [name, view] of Object.entries(branch.views)) if (before[name] !== view) memory.views[name] = view;
  memory.error = branch.error ?? memory.error;
  memory.last = branch.last ?? memory.last;
}
