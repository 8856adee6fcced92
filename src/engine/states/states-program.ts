import type { GraphEnvironment } from '../graph/graph-environment.js';
import { launchSettings } from '../graph/launch-settings.js';
import { OTHER_KIND } from '../graph/resume-plan.js';
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
import type { CompiledMachine } from './compile.js';
import { planStatesResume } from './resume-plan.js';
import { StatesRun } from './states-run.js';

/** The `states` interpreter: a state machine with loops, branches and calls. */
export class StatesProgram implements Program {
  readonly retryRun = null;

  constructor(
    private readonly machine: CompiledMachine,
    private readonly environment: GraphEnvironment,
  ) {}

  launch(options: LaunchOptions, context: LaunchContext): LaunchSettings {
    return launchSettings(this.machine.settings, options, context);
  }

  async planResume({ before, ...request }: ResumeRequest): Promise<ResumePlan> {
    if (!(before instanceof StatesProgram)) return OTHER_KIND;
    const { definition: now } = this.machine;
    return await planStatesResume({ ...request, then: before.machine.definition, now, interpret: (context) => this.run(context) });
  }

  run(context: RunContext): Promise<ProgramResult> {
    return new StatesRun(this.machine, this.environment, context).execute();
  }
}
