import type { Program, ProgramResult, RunContext } from '../kernel/run-context.js';
import type { RetryPolicy } from '../model/definition.js';
import type { NodeTypes } from '../ports/node-type.js';
import type { CompiledGraph } from './compiled-graph.js';
import { GraphRun } from './graph-run.js';

/** What expressions may read besides the run itself. */
export interface GraphEnvironment {
  readonly nodeTypes: NodeTypes;
  /** Allow-listed environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** The value of a tenant's secret, or undefined. */
  readonly secret: (tenant: string, name: string) => string | undefined;
}

/** The `graph` interpreter: a DAG of nodes with joins, conditions and fan-out. */
export class GraphProgram implements Program {
  readonly retryRun: RetryPolicy | null;

  constructor(
    private readonly graph: CompiledGraph,
    private readonly environment: GraphEnvironment,
  ) {
    this.retryRun = graph.settings.onError === 'retry_run' ? graph.settings.retry : null;
  }

  run(context: RunContext): Promise<ProgramResult> {
    return new GraphRun(this.graph, this.environment, context).execute();
  }
}
