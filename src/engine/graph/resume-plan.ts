import { isDeepStrictEqual } from 'node:util';
import type { JournalEntry } from '../journal/journal-entry.js';
import type { ResumeFault, ResumePlan } from '../kernel/run-context.js';
import type { NodeDefinition } from '../model/definition.js';
import type { CompiledGraph } from './compiled-graph.js';

/** A graph and a state machine have no step in common. */
export const OTHER_KIND: ResumePlan = {
  kept: [],
  faults: [{ path: '/version', code: 'other_kind', message: 'this version is of another kind than the one the run executed' }],
};

/** Members of a node that decide what its result means; a change in any of them makes a kept result doubtful. */
const MEANING = ['type', 'needs', 'when', 'join', 'inputs', 'config', 'for_each'] as const satisfies readonly (keyof NodeDefinition)[];

/**
 * What a new run keeps of an old one. Steps that succeeded are kept, except `fromStep` and everything that depends on it;
 * without `fromStep`, whatever did not succeed is done again. Of a step inside a node (`node/…`) what came before it in the
 * node is kept, of an item (`node[3]`) all other items are.
 */
export function planResume(params: {
  readonly entries: readonly JournalEntry[];
  readonly from: string | null;
  readonly then: CompiledGraph;
  readonly now: CompiledGraph;
}): ResumePlan {
  const { entries, from, then, now } = params;
  const successes = new Map<string, JournalEntry>();
  for (const entry of entries) if (entry.step !== null && entry.type === 'step.completed') successes.set(entry.step, entry);
  const fromNode = from === null ? null : nodeOf(from);
  if (fromNode !== null && !now.nodes.has(fromNode)) {
    return { kept: [], faults: [{ path: '/from_step', code: 'unknown_step', message: `the workflow has no step "${from}"` }] };
  }
  if (from !== null && from !== fromNode && !entries.some((entry) => entry.step === from)) {
    return { kept: [], faults: [{ path: '/from_step', code: 'unknown_step', message: `the run never came to step "${from}"` }] };
  }
  // A step that hung on the chosen one in either version has seen its old result.
  const redone = fromNode === null ? new Set<string>() : new Set([...downstreamOf(then, fromNode), ...downstreamOf(now, fromNode)]);
  const kept = atFirstAttempt([...successes.values()].filter((entry) => keeps(entry, from, fromNode, redone, entries)));
  return { kept, faults: then === now ? [] : misfits(kept, then, now) };
}

function keeps(
  entry: JournalEntry,
  from: string | null,
  fromNode: string | null,
  redone: ReadonlySet<string>,
  entries: readonly JournalEntry[],
): boolean {
  const path = entry.step as string;
  const node = nodeOf(path);
  if (node !== fromNode) return !redone.has(node);
  if (from === null || from === fromNode || path === fromNode) return false;
  if (path === from || path.startsWith(`${from}/`)) return false;
  if (from.startsWith(`${fromNode}[`)) return itemOf(path) !== itemOf(from);
  const reached = entries.find((candidate) => candidate.step === from)?.seq ?? 0;
  return entry.seq < reached;
}

/**
 * The new run begins with first attempts: what repeated attempts of a node did inside of it (`node#2/…`) is where its first
 * attempt looks, the latest where several did the same.
 */
function atFirstAttempt(entries: readonly JournalEntry[]): JournalEntry[] {
  const latest = new Map<string, JournalEntry>();
  for (const entry of entries) {
    const step = (entry.step as string).replace(/#\d+(?=\/)/, '');
    latest.delete(step);
    latest.set(step, { ...entry, step });
  }
  return [...latest.values()];
}

/** The node itself and all that needs it, directly or not. */
function downstreamOf(graph: CompiledGraph, id: string): Set<string> {
  const found = new Set([id]);
  for (const next of found) for (const dependent of graph.nodes.get(next)?.dependents ?? []) found.add(dependent);
  return found;
}

/** Kept nodes that mean something else in the definition the new run uses. */
function misfits(kept: readonly JournalEntry[], then: CompiledGraph, now: CompiledGraph): ResumeFault[] {
  const faults: ResumeFault[] = [];
  for (const id of new Set(kept.map((entry) => nodeOf(entry.step as string)))) {
    const before = then.nodes.get(id)?.definition;
    const after = now.nodes.get(id)?.definition;
    if (after === undefined) {
      faults.push({ path: '/version', code: 'kept_step_missing', message: `step "${id}" is kept, but this version has no such step` });
      continue;
    }
    const changed = MEANING.filter((member) => !isDeepStrictEqual(before?.[member], after[member]));
    if (changed.length > 0) {
      const message = `step "${id}" is kept, but this version changes its ${changed.join(', ')}; resume from it or from a step before it`;
      faults.push({ path: '/version', code: 'kept_step_changed', message });
    }
  }
  return faults;
}

function nodeOf(path: string): string {
  return /^[^[/#]+/.exec(path)?.[0] ?? path;
}

function itemOf(path: string): string {
  return /^[^[/]+\[\d+\]/.exec(path)?.[0] ?? path;
}
