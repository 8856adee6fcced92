import type { LaunchContext, LaunchOptions, LaunchSettings, Program, ProgramResult, RunContext } from '../kernel/run-context.js';
import type { RetryPolicy } from '../model/definition.js';
import type { CompiledGraph } from './compiled-graph.js';
import type { GraphEnvironment } from './graph-environment.js';
import { GraphRun } from './graph-run.js';
import { launchSettings } from './launch-settings.js';

/** The `graph` interpreter: a DAG of nodes with joins, conditions and fan-out. */
export class GraphProgram implements Program {
  readonly retryRun: RetryPolicy | null;

  constructor(
    private readonly graph: CompiledGraph,
    private readonly environment: GraphEnvironment,
  ) {
    this.retryRun = graph.settings.onError === 'retry_run' ? graph.settings.retry : null;
  }

  launch(options: LaunchOptions, context: LaunchContext): LaunchSettings {
    return launchSettings(this.graph.settings, options, context);
  }

  run(context: RunContext): Promise<ProgramResult> {
    return new GraphRun(this.graph, this.environment, context).execute();
  }
}
