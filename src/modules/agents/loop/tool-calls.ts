import { Injectable } from '@nestjs/common';
import { type Json, type JsonObject, isJsonObject, type NodeCall, RunStoppedError, StepError } from '../../../engine/index.js';
import { ApprovalGate, type GateCall } from '../../approvals/index.js';
import type { ChatMessage, ModelToolCall, TokenUsage } from '../../models/index.js';
import { isRunTool, ToolRegistry, type ExecutedTool, type RunTool } from '../../tools/index.js';
import { DEFAULT_MAX_DEPTH, type ToolApproval } from '../definition/agent-definition.js';
import { ruleFor } from '../definition/approval-rule.js';
import type { AgentRun } from './agent-run.js';
import { RateWindow } from './rate-window.js';
import { isStopReason, stop } from './stop.js';
import type { EquippedTool } from './tool-box.js';

/** Longer results are cut before a model sees them; the journal has them whole. */
const MAX_RESULT_CHARACTERS = 100_000;
const DEFAULT_MAX_PARALLEL = 8;

/** What a call of a tool came to. */
export interface ToolResult {
  readonly call: ModelToolCall;
  readonly input: JsonObject;
  readonly output: Json;
  readonly isError: boolean;
}

interface ToolRecord {
  readonly output: Json;
  readonly is_error: boolean;
  readonly duration_ms: number;
  /** Of another agent that did the work. */
  readonly usage?: TokenUsage;
}

/** What the rules say about a call before it is made. */
type Admission = { readonly input: JsonObject } | { readonly refused: string };

/**
 * Calls of tools, each a journaled step. What a tool fails with is told to the model; only limits and the end of the run end the
 * loop. Rules decide which calls people approve first: what is executed is exactly what they saw, with their edits.
 */
@Injectable()
export class ToolCalls {
  private readonly rates = new RateWindow();

  constructor(
    private readonly registry: ToolRegistry,
    private readonly gate: ApprovalGate,
  ) {}

  /** Makes the calls of one turn, some at a time; results are in their order. */
  async run(run: AgentRun, prefix: string, calls: readonly ModelToolCall[]): Promise<ToolResult[]> {
    const limit = run.definition.orchestration?.max_parallel ?? DEFAULT_MAX_PARALLEL;
    const results: ToolResult[] = [];
    for (let at = 0; at < calls.length; at += limit) {
      const group = calls.slice(at, at + limit).map((call, index) => this.call(run, `${prefix}/tool-${at + index + 1}`, call));
      results.push(...(await allOrFirstFault(group)));
    }
    return results;
  }

  private async call(run: AgentRun, key: string, call: ModelToolCall): Promise<ToolResult> {
    const equipped = run.tools.get(call.name);
    const fault = faultOf(call, equipped, this.registry);
    if (equipped === undefined || call.input === null || fault !== null) {
      return this.told(run, null, call, call.input ?? {}, await this.refuse(run, key, call, fault ?? 'unknown tool'));
    }
    const admission = await this.admit(run, key, call, call.input, equipped);
    if ('refused' in admission) return this.told(run, null, call, call.input, await this.refuse(run, key, call, admission.refused));
    const { input } = admission;
    const { tool } = equipped;
    if (tool === null) return this.told(run, null, call, input, await this.toCaller(run, key, call, input));
    if (isRunTool(tool) && run.call.run.depth >= maxDepth(run)) {
      const message = `agents and workflows may call each other ${maxDepth(run)} levels deep`;
      return this.told(run, null, call, input, await this.refuse(run, key, call, message, 'depth_exceeded'));
    }
    return this.told(
      run,
      key,
      call,
      input,
      await (isRunTool(tool) ? this.child(run, key, call, input, equipped, tool) : this.execute(run, key, call, input, equipped, tool)),
    );
  }

  /** `counted` is the step of a call that budgets count. */
  private told(
    run: AgentRun,
    counted: string | null,
    call: ModelToolCall,
    input: JsonObject,
    { output, is_error: isError, duration_ms: durationMs, usage }: ToolRecord,
  ): ToolResult {
    if (counted !== null) run.budget.replayedToolCall(counted);
    // What another agent used was used for this one.
    if (usage !== undefined) {
      run.tally.spent(usage);
      run.budget.replayed(usage);
    }
    run.tally.tool({ tool: call.name, input, output, is_error: isError }, durationMs);
    return { call, input, output, isError };
  }

  // --- Before the call -----------------------------------------------------------------------------------------------

  private async admit(run: AgentRun, key: string, call: ModelToolCall, input: JsonObject, tool: EquippedTool): Promise<Admission> {
    const rule = ruleFor(run.tools.approvals, call.name, input);
    return rule === null ? { input } : this.askPeople(run, `${key}-approval`, call, input, tool, rule);
  }

  private async askPeople(
    run: AgentRun,
    key: string,
    call: ModelToolCall,
    input: JsonObject,
    tool: EquippedTool,
    rule: ToolApproval,
  ): Promise<Admission> {
    const asked = await clock(run, `${key}/asked`);
    const outcome = await this.gate.ask(gateCall(run, key, asked), {
      message: rule.message ?? `The agent ${run.agent.name} wants to call ${call.name}.`,
      payload: input,
      editable: rule.editable === true ? Object.keys(input) : Array.isArray(rule.editable) ? [...(rule.editable as readonly string[])] : [],
      ...(rule.editable === undefined || rule.editable === false ? {} : { payload_schema: tool.inputSchema }),
      ...(rule.reviewers === undefined ? {} : { reviewers: [...rule.reviewers] }),
      ...(rule.quorum === undefined ? {} : { quorum: rule.quorum }),
      ...(rule.expires_in_ms === undefined ? {} : { expires_in_ms: rule.expires_in_ms }),
      // Nobody's decision is a refusal, unless the rule says otherwise.
      default: rule.default ?? 'reject',
      on_reject: 'continue',
    });
    run.tally.waitedMs += (await clock(run, `${key}/decided`)) - asked;
    if (outcome['decision'] === 'approved') return { input: isJsonObject(outcome['payload']) ? outcome['payload'] : input };
    const comment = outcome['comment'];
    return { refused: `the call was not approved${typeof comment === 'string' && comment !== '' ? `: ${comment}` : ''}` };
  }

  // --- The call ------------------------------------------------------------------------------------------------------

  private refuse(run: AgentRun, key: string, call: ModelToolCall, message: string, code = 'refused'): Promise<ToolRecord> {
    return this.step(run, key, call, call.input ?? {}, () => Promise.resolve(failure(code, message)), true);
  }

  /** Tools of the caller are announced, not carried out here. */
  private toCaller(run: AgentRun, key: string, call: ModelToolCall, input: JsonObject): Promise<ToolRecord> {
    return this.step(run, key, call, input, () => Promise.resolve({ output: { ok: true }, is_error: false }), true);
  }

  private async execute(
    run: AgentRun,
    key: string,
    call: ModelToolCall,
    input: JsonObject,
    equipped: EquippedTool,
    tool: ExecutedTool,
  ): Promise<ToolRecord> {
    let begins = true;
    if (tool.repeatable === false) {
      begins = false;
      // Durable before the call is made, and not made anew after a crash: then nobody knows what became of the call.
      await run.call.step(`${key}/begin`, { type: 'agent.tool' }, () => {
        begins = true;
        return Promise.resolve(null);
      });
    }
    return this.step(run, key, call, input, async (step) => {
      if (!begins)
        return failure(
          'outcome_unknown',
          'the server stopped while the call was under way; nobody knows whether it took effect, and it is not repeated',
        );
      if (!this.rates.admits(`${run.call.run.tenant} ${run.agent.name} ${call.name}`, equipped.rateLimit, Date.now())) {
        return failure('rate_limited', `the rate limit of ${call.name} is exceeded; try again later`);
      }
      const time = new AbortController();
      const settle = await run.budget.toolCall(key, equipped.timeoutMs, (error) => time.abort(error));
      const { signal, done } = run.within(AbortSignal.any([step.signal, time.signal]));
      const limit = AbortSignal.timeout(equipped.timeoutMs);
      try {
        const output = await tool.execute({
          input,
          tenant: run.call.run.tenant,
          config: equipped.config,
          run: run.call.run,
          agent: run.agent.name,
          ...(run.request.session === null ? {} : { session: run.request.session }),
          idempotencyKey: step.idempotencyKey,
          signal: AbortSignal.any([signal, limit]),
          log: (level, message, fields) => step.log(level, message, fields),
        });
        return { output, is_error: false };
      } catch (error) {
        signal.throwIfAborted();
        if (limit.aborted) return failure('timeout', `the tool did not answer within ${equipped.timeoutMs} ms`);
        return failureOf(error, step);
      } finally {
        done();
        await settle();
      }
    });
  }

  /** A tool whose work is a run: waited for like any child, at no cost. */
  private async child(
    run: AgentRun,
    key: string,
    call: ModelToolCall,
    input: JsonObject,
    { config }: EquippedTool,
    tool: RunTool,
  ): Promise<ToolRecord> {
    const known = run.call.recorded(key);
    if (known !== undefined) return known as unknown as ToolRecord;
    const began = await clock(run, `${key}/begin`);
    await this.begun(run, key, call, input);
    const { tenant } = run.call.run;
    const { session, subject } = run.request;
    const request = tool.request({
      input,
      tenant,
      config,
      agent: run.agent.name,
      ...(session === null ? {} : { session }),
      ...(subject === null ? {} : { subject }),
    });
    let outcome: Omit<ToolRecord, 'duration_ms'>;
    try {
      const id = await run.call.startChild(`${key}/run`, request);
      const ended = await withinLimit(run, key, id, run.call.waitForChild(`${key}/run`, id));
      if (ended.status === 'cancelled' && run.call.signal.aborted) throw run.call.signal.reason as Error;
      outcome =
        ended.status === 'success'
          ? { output: tool.result(ended), is_error: false, ...usageOf(ended.outputs) }
          : failure(ended.error?.code ?? ended.status, ended.error?.message ?? `the run ${id} ended as ${ended.status}`);
    } catch (error) {
      if (!(error instanceof StepError) || isStopReason(error.code)) throw error;
      outcome = failure(error.code, error.message);
    }
    return (await run.call.step(key, { type: 'agent.tool' }, (step) => {
      const durationMs = Math.max(0, Date.now() - began);
      step.emit('tool.result', { id: call.id, tool: call.name, ok: !outcome.is_error, duration_ms: durationMs });
      return Promise.resolve({ id: call.id, tool: call.name, ...outcome, duration_ms: durationMs } as unknown as Json);
    })) as unknown as ToolRecord;
  }

  private async begun(run: AgentRun, key: string, call: ModelToolCall, input: JsonObject): Promise<void> {
    await run.call.step(`${key}/call`, { type: 'agent.tool' }, async (step) => {
      await run.budget.toolCall(key, 0, () => undefined);
      step.emit('tool.call', { id: call.id, tool: call.name, input });
      return null;
    });
  }

  private async step(
    run: AgentRun,
    key: string,
    call: ModelToolCall,
    input: JsonObject,
    work: (step: NodeCall) => Promise<Omit<ToolRecord, 'duration_ms'>>,
    pure = false,
  ): Promise<ToolRecord> {
    return (await run.call.step(key, { type: 'agent.tool', pure }, async (step) => {
      const startedAt = performance.now();
      step.emit('tool.call', { id: call.id, tool: call.name, input });
      const outcome = await work(step);
      // A pure step comes out the same when it is computed again.
      const durationMs = pure ? 0 : Math.round(performance.now() - startedAt);
      step.emit('tool.result', { id: call.id, tool: call.name, ok: !outcome.is_error, duration_ms: durationMs });
      return { id: call.id, tool: call.name, ...outcome, duration_ms: durationMs } as unknown as Json;
    })) as unknown as ToolRecord;
  }
}

/** The results as the message that models go on with. */
export function resultsMessage(results: readonly ToolResult[]): ChatMessage {
  return {
    role: 'tool',
    content: results.map(({ call, output, isError }) => ({
      type: 'tool-result',
      toolCallId: call.id,
      toolName: call.name,
      output: isError ? { type: 'error-json', value: shortened(output) as never } : resultOf(output),
    })),
  };
}

function resultOf(output: Json): { type: 'text'; value: string } | { type: 'json'; value: never } {
  const value = shortened(output);
  return typeof value === 'string' ? { type: 'text', value } : { type: 'json', value: value as never };
}

function shortened(output: Json): Json {
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  return text.length <= MAX_RESULT_CHARACTERS ? output : `${text.slice(0, MAX_RESULT_CHARACTERS)}… (${text.length} characters in all)`;
}

/** What makes a call impossible, as the model is told. */
function faultOf(call: ModelToolCall, equipped: EquippedTool | undefined, registry: ToolRegistry): string | null {
  if (equipped === undefined) return `there is no tool "${call.name}"`;
  if (call.input === null) return `the arguments are no JSON object: ${(call.raw ?? '').slice(0, 200)}`;
  const faults = registry.checkInput(
    {
      ...(equipped.tool ?? { type: 'client', request: () => ({ workflow: '', inputs: {} }), result: () => null }),
      name: call.name,
      description: '',
      inputSchema: equipped.inputSchema,
    },
    call.input,
  );
  return faults.length === 0
    ? null
    : `the arguments do not fit: ${faults.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')}`;
}

/** So that agents that call each other in a circle come to an end. */
function maxDepth(run: AgentRun): number {
  return run.definition.orchestration?.max_depth ?? DEFAULT_MAX_DEPTH;
}

function failure(code: string, message: string): Omit<ToolRecord, 'duration_ms'> {
  return { output: { error: message, code }, is_error: true };
}

function failureOf(error: unknown, step: Pick<NodeCall, 'log'>): Omit<ToolRecord, 'duration_ms'> {
  if (error instanceof RunStoppedError || (error instanceof StepError && isStopReason(error.code))) throw error;
  if (error instanceof StepError) return failure(error.code, error.message);
  step.log('error', `the tool threw: ${error instanceof Error ? error.message : String(error)}`);
  return failure('internal_error', 'the tool failed unexpectedly');
}

/** A limit that one of them meets is told once all are settled, so that none is left running unseen. */
async function allOrFirstFault<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  const failed = settled.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}

/** A child that does not end in time ends the agent, and is cancelled. */
async function withinLimit<T>(run: AgentRun, key: string, runId: string, child: Promise<T>): Promise<T> {
  const limit = run.limit();
  if (limit === null) return child;
  const over = run.call.sleepUntil(`${key}/limit`, limit.at).then(() => {
    run.call.cancelChild(runId);
    throw limit.error;
  });
  // Whichever comes second is of no interest.
  for (const each of [child, over]) each.catch(() => undefined);
  return Promise.race([child, over]);
}

function usageOf(outputs: Json): Pick<ToolRecord, 'usage'> {
  const usage = isJsonObject(outputs) ? outputs['usage'] : undefined;
  return isJsonObject(usage) && typeof usage['total_tokens'] === 'number' ? { usage: usage as unknown as ToolRecord['usage'] } : {};
}

/** The time at which the agent came here first, the same on every replay. */
async function clock(run: AgentRun, key: string): Promise<number> {
  return Number(await run.call.step(key, { type: 'agent.clock' }, () => Promise.resolve(Date.now())));
}

/** An approval within the agent's step: its steps and waits have paths of their own. */
function gateCall(run: AgentRun, key: string, askedAt: number): GateCall {
  const { call } = run;
  return {
    run: call.run,
    path: `${call.path}/${key}`,
    attempt: call.attempt,
    signal: call.signal,
    log: (level, message, fields) => call.log(level, message, fields),
    emit: (type, data) => call.emit(type, data),
    startedAt: () => Promise.resolve(askedAt),
    step: (inner, options, work) => call.step(`${key}/${inner}`, options, work),
    waitForSignal: (inner, name, deadline) => call.waitForSignal(`${key}/${inner}`, name, deadline),
  };
}

/** Used where a repeated call has to stop the agent. */
export function loopStop(tool: string, times: number): StepError {
  return stop('loop_detected', `the agent called ${tool} ${times} times with the same arguments and the same result`);
}
