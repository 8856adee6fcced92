import type { CompiledTemplate } from '../expressions/index.js';
import type { RunContext } from '../kernel/run-context.js';
import { serializeError, StepError } from '../model/step-error.js';
import type { WorkingState } from './compile.js';
import type { Frame } from './frame.js';
import type { MachineScope } from './machine-scope.js';
import type { StateEnding } from './state-view.js';

/** How a visit ended, or that it left the loop around it for another state. */
export type Visit = (StateEnding | { readonly status: 'left'; readonly goto: string }) & { readonly path: string };
/** The same before it is recorded. */
export type Result = StateEnding | { readonly status: 'left'; readonly goto: string; readonly output: { iterations: number } };

/** A failing end written where it is reached from. */
export interface InlineEnd {
  readonly message: CompiledTemplate;
  readonly status: number;
}

/** The machine itself cannot go on, whatever its states say about failures. */
export class MachineFault extends StepError {
  constructor(code: string, message: string) {
    super(code, message, { retryable: false });
  }
}

/** What loops and branches ask for the states inside of them. */
export interface Visitor {
  readonly context: RunContext;
  readonly scope: MachineScope;
  /** A state that stands inside of another one. */
  working(name: string): WorkingState;
  visit(state: WorkingState, frame: Frame): Promise<Visit>;
  /** Where a state leads: a state, a failing end, or nowhere. Throws what a condition throws. */
  route(state: WorkingState, status: 'success' | 'failed', frame: Frame): string | InlineEnd | null;
  /** Throws once there are too many. */
  countTransition(): void;
}

/** Runs what may throw for reasons of the definition, as a failure of the state. */
export async function failing(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (fault) {
    if (fault instanceof MachineFault) throw fault;
    return { status: 'failed', error: serializeError(fault) };
  }
}
