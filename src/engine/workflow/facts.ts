import { createInputsPreparer, viewGraph, type GraphView, type InputsPreparer, type NodeOverlay } from '../graph/index.js';
import type { WorkflowDefinition } from '../model/definition.js';
import type { JsonObject } from '../model/json.js';
import { createStatesInputsPreparer, inputsSchema, viewStates, type InputFiles } from '../states/index.js';

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

/** Whether its runs may begin anew after a failure (`on_error: retry_run`). */
export function mayRestart(definition: WorkflowDefinition): boolean {
  return definition.kind !== 'states' && definition.settings?.on_error === 'retry_run';
}
