import { compileGraph, launchSettings, type CompiledGraph } from '../graph/index.js';
import type { GraphEnvironment } from '../graph/graph-environment.js';
import { GraphProgram } from '../graph/graph-program.js';
import type { LaunchContext, LaunchOptions, LaunchSettings, Program } from '../kernel/run-context.js';
import type { WorkflowDefinition } from '../model/definition.js';
import { compileStates, StatesProgram, type CompiledMachine } from '../states/index.js';

/** A definition ready to run; compiled once per version. */
export type CompiledWorkflow = CompiledGraph | CompiledMachine;

/** Prepares a definition for execution. It must have passed `validateWorkflow`. */
export function compileWorkflow(definition: WorkflowDefinition): CompiledWorkflow {
  return definition.kind === 'states' ? compileStates(definition) : compileGraph(definition);
}

/** The interpreter of a workflow's runs. */
export function programOf(workflow: CompiledWorkflow, environment: GraphEnvironment): Program {
  return workflow.kind === 'states' ? new StatesProgram(workflow, environment) : new GraphProgram(workflow, environment);
}

/** How a run is queued, limited and timed: the definition's settings and what the caller says. Throws `StepError('expression_error')`. */
export function launchOf(workflow: CompiledWorkflow, options: LaunchOptions, context: LaunchContext): LaunchSettings {
  return launchSettings(workflow.settings, options, context);
}
