import type { References, RunView, Scope, WorkflowView } from '../expressions/index.js';
import type { GraphEnvironment } from '../graph/graph-environment.js';
import type { RunContext } from '../kernel/run-context.js';
import type { Json } from '../model/json.js';
import type { Frame } from './frame.js';

/** What expressions of one run of a state machine see. */
export class MachineScope {
  private readonly runView: RunView;
  /** Values of inputs that are shown nowhere. */
  readonly masked: readonly string[];

  constructor(
    private readonly context: RunContext,
    private readonly environment: GraphEnvironment,
    maskInputs: readonly string[],
  ) {
    const { run } = context;
    this.runView = {
      id: run.id,
      tenant: run.tenant,
      workflow: run.workflow?.name ?? '',
      version: run.workflow?.version ?? 0,
      attempt: context.runAttempt,
      created_at: run.createdAt,
      trigger: run.trigger,
    };
    this.masked = Object.entries(context.inputs)
      .filter(([name]) => maskInputs.some((beginning) => name.startsWith(beginning)))
      .map(([, value]) => (typeof value === 'string' ? value : JSON.stringify(value)))
      .filter((value) => value !== '');
  }

  at(frame: Frame, state: string, references: readonly References[] = []): Scope {
    const { memory, loop } = frame;
    return {
      inputs: this.context.inputs,
      nodes: {},
      run: this.runView,
      env: this.environment.env,
      secrets: this.secrets(references),
      states: memory.views,
      workflow: this.workflowView(state),
      ...(loop === undefined ? {} : { loop }),
      ...(memory.error === undefined ? {} : { error: memory.error }),
    };
  }

  private workflowView(state: string): WorkflowView {
    const { id, workflow, version, created_at } = this.runView;
    return { id, name: workflow, version, current_state: state, started_at: created_at };
  }

  private secrets(references: readonly References[]): Record<string, string> {
    const secrets: Record<string, string> = {};
    for (const name of references.flatMap((reference) => [...reference.secrets])) {
      const value = this.environment.secret(this.context.run.tenant, name);
      if (value !== undefined) secrets[name] = value;
    }
    return secrets;
  }
}

export function textOf(value: Json): string {
  return typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
}
