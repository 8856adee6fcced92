import type {
  LaunchContext,
  LaunchOptions,
  LaunchSettings,
  Program,
  ProgramResult,
  ResumePlan,
  ResumeRequest,
  RunContext,
} from '../kernel/run-context.js';
import type { RetryPolicy } from '../model/definition.js';
import type { CompiledGraph } from './compiled-graph.js';
import type { GraphEnvironment } from './graph-environment.js';
import { GraphRun } from './graph-run.js';
import { launchSettings } from './launch-settings.js';
import { OTHER_KIND, planResume } from './resume-plan.js';

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

  planResume({ entries, from, before }: ResumeRequest): Promise<ResumePlan> {
    const plan = before instanceof GraphProgram ? planResume({ entries, from, then: before.graph, now: this.graph }) : OTHER_KIND;
    return Promise.resolve(plan);
  }

  run(context: RunContext): Promise<ProgramResult> {
    return new GraphRun(this.graph, this.environment, context).execute();
  }
}
