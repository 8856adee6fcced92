import { Inject, Injectable } from '@nestjs/common';
import { isTerminal, type Json, type JsonObject, type LogLevel, StepError } from '../../../engine/index.js';
import { AppError, type FieldError, UnprocessableError } from '../../../platform/errors/app-error.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import { type RunDto, RunsService, StartRunService } from '../../runs/index.js';
import { type ExecutedTool, isRunTool, type RunTool, type Tool } from '../tool.js';
import { ToolRegistry } from '../tool-registry.js';
import { problemOf } from './tool-problems.js';

/** Calls that a tenant may have under way at the same time, on one node. */
const CALLS_AT_ONCE = 64;

export interface DirectCall {
  readonly tenant: string;
  /** Of the caller, for budgets; null for an anonymous one. */
  readonly keyId: string | null;
  readonly tool: Tool;
  readonly input: JsonObject;
  readonly config: JsonObject;
  readonly timeoutMs: number;
  /** Aborted when the caller leaves. */
  readonly signal: AbortSignal;
  /** Reserved by an idempotency key. */
  readonly id?: string | undefined;
}

/** Calls of tools outside of runs. What such a call fails with is a problem answer. */
@Injectable()
export class ToolRunner {
  private readonly underWay = new Map<string, number>();

  constructor(
    private readonly registry: ToolRegistry,
    private readonly starter: StartRunService,
    private readonly runs: RunsService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async call(call: DirectCall): Promise<Json> {
    this.refuseFaults(call);
    return this.counted(call.tenant, async () => {
      const limit = AbortSignal.timeout(call.timeoutMs);
      const within = { ...call, signal: AbortSignal.any([call.signal, limit]) };
      try {
        return await (isRunTool(call.tool) ? this.run(within, call.tool) : this.execute(within, call.tool));
      } catch (error) {
        if (limit.aborted && !call.signal.aborted) throw timedOut(call);
        throw problemOf(error);
      }
    });
  }

  private refuseFaults({ tool, input, config }: DirectCall): void {
    const faults = [
      ...this.registry.checkInput(tool, input).map((fault) => below('/input', fault)),
      ...this.registry.checkConfig(tool, config).map((fault) => below('/config', fault)),
    ];
    if (faults.length > 0) throw new UnprocessableError(`the call does not fit the tool ${tool.name}`, faults);
  }

  private execute({ tenant, input, config, signal, id }: DirectCall, tool: ExecutedTool): Promise<Json> {
    return tool.execute({
      input,
      tenant,
      config,
      signal,
      ...(id === undefined ? {} : { idempotencyKey: `tools/${id}` }),
      log: (level: LogLevel, message, fields) => this.logger[level]({ tool: tool.name, tenant, ...fields }, message),
    });
  }

  /** A tool whose work is a run. Nobody waits for it once the caller has left or the time is over, so it is cancelled then. */
  private async run({ tenant, keyId, input, config, signal, timeoutMs, id }: DirectCall, tool: RunTool): Promise<Json> {
    const { workflow, version, inputs } = tool.request({ input, tenant, config });
    const kind = tool.type === 'agent' ? 'agent' : 'workflow';
    const run = await this.starter.start({ tenant, keyId, kind, workflow, version, inputs, trigger: 'api', id }, { timeoutMs, signal });
    if (!isTerminal(run.status)) {
      await this.runs.cancel(tenant, run.id, 'nobody waits for the tool any more');
      signal.throwIfAborted();
      throw new StepError('timeout', `the run ${run.id} took longer than ${timeoutMs} ms and is cancelled`, {
        details: { run_id: run.id },
      });
    }
    return resultOf(run, tool);
  }

  private async counted<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    const others = this.underWay.get(tenant) ?? 0;
    if (others >= CALLS_AT_ONCE) {
      throw new AppError(429, 'too_many_calls', `${CALLS_AT_ONCE} calls of tools are under way already`, { retryAfterSeconds: 1 });
    }
    this.underWay.set(tenant, others + 1);
    try {
      return await work();
    } finally {
      const left = (this.underWay.get(tenant) ?? 1) - 1;
      if (left === 0) this.underWay.delete(tenant);
      else this.underWay.set(tenant, left);
    }
  }
}

function resultOf(run: RunDto, tool: RunTool): Json {
  if (run.status === 'success') return tool.result({ runId: run.id, status: 'success', outputs: run.outputs, error: null });
  const { code = 'run_failed', message = `it ended as ${run.status}` } = run.error ?? {};
  throw new StepError(code, `the run ${run.id} did not succeed: ${message}`, {
    retryable: false,
    details: { run_id: run.id, status: run.status },
  });
}

function timedOut({ tool, timeoutMs }: DirectCall): AppError {
  return new AppError(408, 'timeout', `the tool ${tool.name} did not answer within ${timeoutMs} ms`);
}

function below(prefix: string, fault: FieldError): FieldError {
  return { ...fault, path: `${prefix}${fault.path}` };
}
