import type { WaitRecord } from '../journal/run-history.js';
import type { Json, JsonObject } from '../model/json.js';
import { StepError } from '../model/step-error.js';
import type { ChildRunRequest, ChildRunResult, DurableCall, InnerStep, NodeCall } from '../ports/node-type.js';
import type { Flight } from './flight.js';
import type { StepInput, StepOutcome, StepSpec } from './run-context.js';
import { RunStoppedError } from './run-stopped.js';
import { StepCall, type CallHost, type StepWork } from './step-call.js';
import type { WaitResult } from './wait-set.js';

/** What a durable call needs of the execution it belongs to. */
export interface DurableHost extends CallHost {
  step(path: string, spec: StepSpec, prepare: () => StepInput, work: StepWork<NodeCall>): Promise<StepOutcome>;
  announce(flight: Flight): void;
  waitFor(flight: Flight, key: string, record: WaitRecord): Promise<WaitResult>;
  startChild(flight: Flight, step: string, request: ChildRunRequest): Promise<string>;
  cancelChild(runId: string): void;
  recordedOutput(path: string): Json | undefined;
  recordSignal(path: string, id: number, payload: Json): void;
  now(): number;
}

/** The call object of a node that waits or has journaled steps of its own. */
export class DurableStepCall extends StepCall implements DurableCall {
  /** Inner paths of a repeated attempt do not find what an earlier attempt left in the journal, unless it is continued. */
  private readonly prefix: string;

  constructor(
    protected override readonly host: DurableHost,
    flight: Flight,
    config: JsonObject,
    inputs: JsonObject,
    signal: AbortSignal,
    private readonly openedAt: number,
    private readonly deadline: number | null,
    private readonly continues = false,
  ) {
    super(host, flight, config, inputs, signal);
    this.prefix = attemptPath(flight.path, flight.attempt);
  }

  continued(): DurableStepCall {
    return new DurableStepCall(this.host, this.flight, this.config, this.inputs, this.signal, this.openedAt, this.deadline, true);
  }

  async sleepUntil(key: string, epochMs: number): Promise<void> {
    const until = this.deadline === null ? epochMs : Math.min(epochMs, this.deadline);
    const result = await this.host.waitFor(this.flight, key, { kind: 'timer', until });
    if (result.kind === 'aborted') throw new RunStoppedError('cancelled');
    if (until < epochMs && this.isPastDeadline()) throw timeout();
  }

  startedAt(): Promise<number> {
    return Promise.resolve(this.openedAt);
  }

  async step(key: string, options: InnerStep, fn: (call: NodeCall) => Promise<Json>): Promise<Json> {
    const spec: StepSpec = {
      nodeId: this.flight.nodeId,
      nodeType: options.type ?? this.flight.nodeType,
      pure: options.pure ?? false,
      signal: this.flight.scope,
      beforeStart: () => this.host.announce(this.flight),
      ...(this.deadline === null || options.unbounded === true ? {} : { timeoutMs: Math.max(1, this.deadline - this.host.now()) }),
    };
    const earlier = this.continues ? this.recorded(key) : undefined;
    if (earlier !== undefined) return earlier;
    const inputs = options.inputs ?? {};
    const outcome = await this.host.step(
      `${this.prefix}/${key}`,
      spec,
      () => ({ config: {}, inputs, recorded: options.inputs, secrets: this.flight.secrets }),
      fn,
    );
    switch (outcome.status) {
      case 'success':
        return outcome.output;
      case 'failed':
        throw new StepError(outcome.error.code, outcome.error.message, {
          retryable: outcome.error.retryable ?? true,
          ...(outcome.error.details === undefined ? {} : { details: outcome.error.details }),
        });
      default:
        throw new RunStoppedError('cancelled');
    }
  }

  recorded(key: string): Json | undefined {
    const first = this.continues ? 1 : this.flight.attempt;
    for (let attempt = this.flight.attempt; attempt >= first; attempt -= 1) {
      const output = this.host.recordedOutput(`${attemptPath(this.flight.path, attempt)}/${key}`);
      if (output !== undefined) return output;
    }
    return undefined;
  }

  startChild(key: string, child: ChildRunRequest): Promise<string> {
    return this.host.startChild(this.flight, `${this.prefix}/${key}`, child);
  }

  async waitForChild(key: string, runId: string): Promise<ChildRunResult> {
    const result = await this.host.waitFor(this.flight, key, {
      kind: 'child',
      run_id: runId,
      ...(this.deadline === null ? {} : { deadline: this.deadline }),
    });
    if (result.kind === 'due') throw timeout();
    if (result.kind !== 'child') throw new RunStoppedError('cancelled');
    const { status, outputs, error } = result.state;
    return { runId, status, outputs, error };
  }

  cancelChild(runId: string): void {
    this.host.cancelChild(runId);
  }

  async waitForSignal(key: string, name: string, deadline?: number): Promise<Json | undefined> {
    const path = `${this.prefix}/${key}`;
    const taken = this.recorded(key);
    if (taken !== undefined) return taken;
    const due = deadline === undefined ? this.deadline : this.deadline === null ? deadline : Math.min(deadline, this.deadline);
    const result = await this.host.waitFor(this.flight, key, { kind: 'signal', name, ...(due === null ? {} : { deadline: due }) });
    if (result.kind === 'signal') {
      this.host.recordSignal(path, result.id, result.payload);
      return result.payload;
    }
    if (result.kind !== 'due') throw new RunStoppedError('cancelled');
    if (this.isPastDeadline()) throw timeout();
    return undefined;
  }

  private isPastDeadline(): boolean {
    return this.deadline !== null && this.host.now() >= this.deadline;
  }
}

/** Where the inner steps of an attempt are. */
function attemptPath(path: string, attempt: number): string {
  return attempt === 1 ? path : `${path}#${attempt}`;
}

function timeout(): StepError {
  return new StepError('timeout', 'The step did not finish within its limit.');
}
