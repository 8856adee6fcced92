import { createInputsPreparer, viewGraph, type GraphView, type InputsPreparer, type NodeOverlay } from '../graph/index.js';
import type { WorkflowDefinition } from '../model/definition.js';
import type { JsonObject } from '../model/json.js';
import { createStatesInputsPreparer, inputsSchema, viewStates, visitsOf, type InputFiles } from '../states/index.js';

/** How many nodes or states there are. */
export function sizeOf(definition: WorkflowDefinition): number {
  return definition.kind === 'states' ? Object.keys(definition.states).length : definition.nodes.length;
}

/** JSON Schema 2020-12 of the inputs, also of those that are written as a list of rules. */
export function inputsSchemaOf(definition: WorkflowDefinition): JsonObject | undefined {
  return definition.kind === 'states' ? inputsSchema(definition.inputs) : definition.inputs;
}

/**
 * Checks a run's inputs and completes them. `files` answers rules about files; without it they are not met. The preparer throws
 * `StepError('invalid_inputs')`; its details are faults with JSON pointers into the inputs.
 */
export function inputsPreparerOf(definition: WorkflowDefinition, files?: InputFiles): InputsPreparer {
  return definition.kind === 'states' ? createStatesInputsPreparer(definition.inputs, files) : createInputsPreparer(definition.inputs);
}

/** Nodes and edges, with how a run fared on them when told. */
export function viewWorkflow(definition: WorkflowDefinition, overlay?: ReadonlyMap<string, NodeOverlay>): GraphView {
  return definition.kind === 'states' ? viewStates(definition, overlay) : viewGraph(definition, overlay);
}

/** Whether a run may come to a vertex several times, or end well without having come to it. */
export function hasVisits(definition: WorkflowDefinition): boolean {
  return definition.kind === 'states';
}

/** A vertex that a step's path names, or lies inside of. */
export interface StepPlace {
  readonly vertex: string;
  /** Path of the visit to it; the same for all that is inside of it. */
  readonly visit: string;
  /** Whether the path names the visit itself. */
  readonly own: boolean;
}

/** Where a step lies, the outermost vertex first. None: the step is the run's own, such as a hook. */
export function placesOf(definition: WorkflowDefinition, path: string): StepPlace[] {
  if (definition.kind !== 'states') {
    const [vertex = path] = path.split(/[[/#]/, 1);
    return [{ vertex, visit: vertex, own: vertex === path }];
  }
  return visitsOf(path, definition.states).map((visit) => ({ vertex: visit.state, visit: visit.path, own: visit.path === path }));
}

/** Whether its runs may begin anew after a failure (`on_error: retry_run`). */
export function mayRestart(definition: WorkflowDefinition): boolean {
  return definition.kind !== 'states' && definition.settings?.on_error === 'retry_run';
}
