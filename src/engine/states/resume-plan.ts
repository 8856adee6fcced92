import { isDeepStrictEqual } from 'node:util';
import type { JournalEntry } from '../journal/journal-entry.js';
import type { ProgramResult, ResumeFault, ResumePlan, RunContext } from '../kernel/run-context.js';
import type { JsonObject } from '../model/json.js';
import type { StateDefinition, StatesDefinition } from '../model/states-definition.js';
import type { RunInfo } from '../ports/node-type.js';
import { KeptWalk } from './kept-walk.js';
import { isWithin, visitsOf } from './visit-paths.js';

type States = StatesDefinition['states'];

interface PlanStates {
  readonly entries: readonly JournalEntry[];
  readonly from: string | null;
  readonly then: StatesDefinition;
  readonly now: StatesDefinition;
  readonly run: RunInfo;
  readonly inputs: JsonObject;
  /** Interprets the state machine the new run executes. */
  readonly interpret: (context: RunContext) => Promise<ProgramResult>;
}

/** Rows that say how a step ended. */
const SETTLED = new Set(['step.completed', 'step.failed', 'step.skipped', 'step.cancelled']);
/** Hooks of the workflow belong to a run, not to its states: a new run has its own. */
const WORKFLOW_HOOK = /^\$/;
/** Members of a state that say where it leads, or how hard it is tried; the others decide what its result means. */
const NO_MEANING = new Set([
  'description',
  'timeout_ms',
  'retry',
  'on_success',
  'on_failure',
  'on_complete',
  'transitions',
  'continue_on_error',
  'max_concurrent',
]);

/**
 * What a new run keeps of an old one: all that happened before the step it begins with, failures included, since they
 * decided the way. Inside a loop the turns before it are kept, inside a `parallel` the branches that are done. Without a step
 * it begins with the last one that did not succeed. The new run finds its way over what is kept; that it still leads to the
 * step, with these inputs and this definition, is tried before anything is promised.
 */
export async function planStatesResume(request: PlanStates): Promise<ResumePlan> {
  const { entries, then, now } = request;
  const rows = entries.filter((entry) => entry.step !== null && !WORKFLOW_HOOK.test(entry.step));
  const from = request.from ?? lastUnfinished(rows, then.states);
  if (from === null) return { kept: [], faults: [] };
  const visits = visitsOf(from, then.states);
  const [top] = visits;
  if (top === undefined || from.includes('$') || !rows.some((row) => isWithin(row.step as string, from))) {
    const known = visitsOf(from, now.states).length > 0;
    const message = known ? `the run never came to step "${from}"` : `the workflow has no step "${from}"`;
    return { kept: [], faults: [{ path: '/from_step', code: 'unknown_step', message }] };
  }
  const kept = keptRows(rows, from, then.states);
  const changed = then === now ? [] : misfits(kept, then.states, now.states);
  const faults = changed.length > 0 ? changed : await wrongWay(request, kept, from, top.path);
  return { kept: faults.length > 0 ? [] : kept, faults };
}

/** Everything that had ended when the step began, and branches beside it that succeeded. */
function keptRows(rows: readonly JournalEntry[], from: string, states: States): JournalEntry[] {
  const began = rows.find((row) => isWithin(row.step as string, from))?.seq ?? 0;
  const beside = new Set(branchesBeside(from, states).filter((branch) => endedAs(rows, branch) === 'step.completed'));
  return rows.filter((row) => {
    const path = row.step as string;
    if (!SETTLED.has(row.type) || isWithin(path, from)) return false;
    if ([...beside].some((branch) => isWithin(path, branch))) return true;
    return row.seq < began && !isUnfinishedBranch(path, from, states);
  });
}

/** Paths of the branches that stand beside the ones a step lies in. */
function branchesBeside(from: string, states: States): string[] {
  return visitsOf(from, states).flatMap(({ path, state }, index, visits) => {
    const definition = states[state];
    const own = visits[index + 1]?.path;
    if (definition?.type !== 'parallel' || own === undefined) return [];
    return definition.branches.map((branch) => `${path}/${branch}`).filter((branch) => branch !== own);
  });
}

/** Inside of a `parallel` around the step, whatever is not kept as a whole is done again. */
function isUnfinishedBranch(path: string, from: string, states: States): boolean {
  return branchesBeside(from, states).some((branch) => isWithin(path, branch));
}

function endedAs(rows: readonly JournalEntry[], path: string): string | undefined {
  return rows.findLast((row) => row.step === path && SETTLED.has(row.type))?.type;
}

/**
 * Path of the last visit that did not succeed, as deep inside of loops as it goes; of the last visit of all when there is
 * none: what came after it failed. Null when nothing has begun.
 */
function lastUnfinished(rows: readonly JournalEntry[], states: States): string | null {
  const begun = new Map<string, { readonly path: string; readonly parent: string | null }>();
  for (const row of rows) {
    const visits = visitsOf(row.step as string, states);
    visits.forEach(({ path }, index) => {
      if (!begun.has(path)) begun.set(path, { path, parent: visits[index - 1]?.path ?? null });
    });
  }
  const inside = (parent: string | null): string[] =>
    [...begun.values()].filter((visit) => visit.parent === parent).map(({ path }) => path);
  const isDone = (path: string): boolean => endedAs(rows, path) === 'step.completed' && !isTerminal(path, states);
  const top = inside(null);
  let chosen = top.findLast((path) => !isDone(path) && !isTerminal(path, states)) ?? top.at(-1) ?? null;
  while (chosen !== null) {
    const members = inside(chosen);
    const deeper: string | undefined =
      stateAt(chosen, states)?.type === 'parallel' ? members.find((path) => !isDone(path)) : members.at(-1);
    if (deeper === undefined || isDone(deeper)) break;
    chosen = deeper;
  }
  return chosen;
}

function isTerminal(path: string, states: States): boolean {
  return stateAt(path, states)?.type === 'terminal';
}

function stateAt(path: string, states: States): StateDefinition | undefined {
  const name = visitsOf(path, states).at(-1)?.state;
  return name === undefined ? undefined : states[name];
}

/** Kept states that mean something else in the definition the new run uses. */
function misfits(kept: readonly JournalEntry[], then: States, now: States): ResumeFault[] {
  const names = new Set(kept.flatMap((row) => visitsOf(row.step as string, then).map(({ state }) => state)));
  return [...names].flatMap((name): ResumeFault[] => {
    const before = then[name] as Readonly<Record<string, unknown>> | undefined;
    const after = now[name] as Readonly<Record<string, unknown>> | undefined;
    if (after === undefined) {
      return [{ path: '/version', code: 'kept_step_missing', message: `state "${name}" is kept, but this version has no such state` }];
    }
    const members = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])].filter((member) => !NO_MEANING.has(member));
    const changed = members.filter((member) => !isDeepStrictEqual(before?.[member], after[member]));
    if (changed.length === 0) return [];
    const message = `state "${name}" is kept, but this version changes its ${changed.join(', ')}; resume from it or from a step before it`;
    return [{ path: '/version', code: 'kept_step_changed', message }];
  });
}

/** Where the new run would leave the way of the old one before it comes to the step. */
async function wrongWay(request: PlanStates, kept: readonly JournalEntry[], from: string, top: string): Promise<ResumeFault[]> {
  const { then, now, run, inputs, interpret } = request;
  const walk = new KeptWalk(run, inputs, kept, (path) => WORKFLOW_HOOK.test(path));
  const end = await walk.end(interpret);
  const path = then === now ? '/input_overrides' : '/version';
  const told = (message: string): ResumeFault[] => [{ path, code: 'other_way', message }];
  const because = then === now ? 'with these inputs' : 'with this version';
  if (end.kind === 'over') return told(`${because} the run would end before it comes to step "${from}"`);
  if (!isWithin(end.path, top)) return told(`${because} the run would go to step "${end.path}" before it comes to step "${from}"`);
  const skipped = kept.find((row) => !(row.step as string).includes('/') && !walk.used.has(row.step as string));
  if (skipped !== undefined) return told(`${because} the run would not come to step "${skipped.step}", whose result is kept`);
  return [];
}
