import type { NodeView, RunView, Scope } from '../expressions/index.js';
import type { ProgramResult, RunContext, StepInput, StepOutcome, StepSpec } from '../kernel/run-context.js';
import type { Json, JsonObject } from '../model/json.js';
import { serializeError, StepError, type SerializedError } from '../model/step-error.js';
import type { CompiledGraph, CompiledNode } from './compiled-graph.js';
import type { GraphEnvironment } from './graph-environment.js';
import { joinDecision } from './join.js';
import { recordable } from './recorded-inputs.js';

const MAX_FAN_OUT = 100_000;
const ITEM_PATH = /^([^/[]+)\[(\d+)\]$/;
const PENDING: NodeView = { status: 'pending', output: null, error: null };

type SettledOutcome = Extract<StepOutcome, { status: 'success' | 'failed' }>;

/**
 * One interpretation of a graph, over a run's journal. Nodes start as soon as their join is decided and a slot is free;
 * nothing here outlives the call, and a second interpretation of the same journal takes the same decisions.
 */
export class GraphRun {
  private readonly views: Record<string, NodeView> = {};
  private readonly settled = new Set<string>();
  private readonly started = new Set<string>();
  private readonly queue: CompiledNode[] = [];
  private readonly undecided: string[] = [];
  private deciding = false;
  private active = 0;
  private failure: SerializedError | null = null;
  private stopped = false;
  private interrupted = false;
  private done!: (result: ProgramResult) => void;
  private readonly runView: RunView;

  constructor(
    private readonly graph: CompiledGraph,
    private readonly environment: GraphEnvironment,
    private readonly context: RunContext,
  ) {
    for (const id of graph.nodes.keys()) this.views[id] = PENDING;
    this.runView = {
      id: context.run.id,
      tenant: context.run.tenant,
      workflow: context.run.workflow?.name ?? '',
      version: context.run.workflow?.version ?? 0,
      attempt: context.runAttempt,
      created_at: context.run.createdAt,
      trigger: context.run.trigger,
    };
  }

  execute(): Promise<ProgramResult> {
    return new Promise((resolve) => {
      this.done = resolve;
      this.stopAsBefore();
      this.undecided.push(...this.graph.roots.toReversed());
      this.decide();
      this.pump();
    });
  }

  /** A journal in which a step has failed the run already: what is left to do is to end it, and nothing may start any more. */
  private stopAsBefore(): void {
    for (const [path, { status, error }] of this.context.history.steps) {
      if (status !== 'failed' || error === null) continue;
      const item = ITEM_PATH.exec(path);
      const node = this.graph.nodes.get(item?.[1] ?? path);
      if (node?.onError.kind !== 'stop') continue;
      const failure = item === null ? error : itemError(Number(item[2]), error);
      if (item !== null) this.context.fail(node.id, this.spec(node), failure);
      return this.stop({ ...failure, step: node.id });
    }
  }

  // --- Scheduling --------------------------------------------------------------------------------------------------

  /** Queues a node once its join is decided. */
  private consider(node: CompiledNode): void {
    if (this.started.has(node.id)) return;
    const decision = joinDecision(node, this.views, this.settled);
    if (decision === 'wait') return;
    this.started.add(node.id);
    if (decision === 'run') this.queue.push(node);
    else this.settle(node, this.context.skip(node.id, this.spec(node), decision.skip));
  }

  private pump(): void {
    while (!this.stopped && this.queue.length > 0 && this.active < this.graph.settings.maxParallelNodes) {
      const node = this.queue.shift() as CompiledNode;
      this.active += 1;
      void this.runNode(node).then((outcome) => {
        this.active -= 1;
        this.settle(node, outcome);
        this.pump();
      });
    }
    if (this.active === 0 && (this.stopped || this.queue.length === 0)) this.done(this.result());
  }

  private settle(node: CompiledNode, outcome: StepOutcome): void {
    this.settled.add(node.id);
    const failed = outcome.status === 'failed' ? outcome.error : null;
    if (failed !== null && node.onError.kind === 'fallback' && node.forEach === null) {
      this.settleFallback(node, failed);
    } else {
      this.views[node.id] = { status: outcome.status, output: outcome.status === 'success' ? outcome.output : null, error: failed };
      if (failed !== null && node.onError.kind !== 'continue') this.stop({ ...failed, step: node.id });
    }
    if (outcome.status === 'cancelled') return this.interrupt();
    this.undecided.push(...node.dependents.toReversed());
    this.decide();
  }

  /** A skipped node settles at once and leads to its dependents: a loop, because chains may be long. */
  private decide(): void {
    if (this.deciding) return;
    this.deciding = true;
    for (let id = this.undecided.pop(); id !== undefined; id = this.undecided.pop()) {
      if (!this.stopped) this.consider(this.node(id));
    }
    this.deciding = false;
  }

  private settleFallback(node: CompiledNode, error: SerializedError): void {
    try {
      this.views[node.id] = { status: 'success', output: this.fallback(node, this.scope(node)), error };
    } catch (fault) {
      this.views[node.id] = { status: 'failed', output: null, error };
      this.stop({ ...serializeError(fault), step: node.id });
    }
  }

  /**
   * Nothing follows a cancelled node. One that the journal tells of was cancelled for a failure that is told of there too
   * and is yet to come.
   */
  private interrupt(): void {
    this.interrupted = true;
    if (this.context.signal.aborted) this.stopped = true;
  }

  private stop(error: SerializedError): void {
    this.failure ??= error;
    this.stopped = true;
    this.context.abortBranches();
  }

  private result(): ProgramResult {
    if (this.failure !== null) return { status: 'failed', error: this.failure };
    // Cancelled branches: the run is being stopped from outside, and whoever stops it knows how it ends.
    if (this.stopped || this.interrupted) return { status: 'failed', error: { code: 'stopped', message: 'The run was stopped.' } };
    try {
      return { status: 'success', outputs: this.outputs() };
    } catch (fault) {
      return { status: 'failed', error: serializeError(fault) };
    }
  }

  private outputs(): Json {
    if (this.graph.outputs !== null) return this.graph.outputs.evaluate(this.baseScope({}));
    const outputs: JsonObject = {};
    for (const node of this.graph.nodes.values()) {
      if (node.dependents.length === 0) outputs[node.id] = this.views[node.id]?.output ?? null;
    }
    return outputs;
  }

  // --- Nodes -------------------------------------------------------------------------------------------------------

  private async runNode(node: CompiledNode): Promise<StepOutcome> {
    const spec = this.spec(node);
    try {
      if (node.when !== null && !(node.when.constant ?? node.when.evaluate(this.scope(node)))) {
        return this.context.skip(node.id, spec, 'when');
      }
      if (node.forEach === null) return await this.runStep(node, node.id, spec, this.scope(node));
      return await this.runFanOut(node, spec, node.forEach.items.evaluate(this.scope(node)), node.forEach.maxParallel);
    } catch (fault) {
      return this.context.fail(node.id, spec, serializeError(fault));
    }
  }

  private async runFanOut(node: CompiledNode, spec: StepSpec, items: Json, maxParallel: number): Promise<StepOutcome> {
    if (!Array.isArray(items)) throw new StepError('for_each_not_array', 'for_each.items must give an array.', { retryable: false });
    if (items.length > MAX_FAN_OUT) {
      throw new StepError('for_each_too_large', `for_each.items has ${items.length} items, the limit is ${MAX_FAN_OUT}.`, {
        retryable: false,
      });
    }
    const outputs: Json[] = new Array<Json>(items.length).fill(null);
    let failed: { index: number; error: SerializedError } | null = null;
    let cancelled = false;
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < items.length && failed === null && !(cancelled && this.context.signal.aborted)) {
        const index = next++;
        const scope = this.scope(node, items[index], index);
        const outcome = await this.runStep(node, `${node.id}[${index}]`, spec, scope);
        if (outcome.status === 'success') outputs[index] = outcome.output;
        else if (outcome.status === 'cancelled') cancelled = true;
        else if (outcome.status === 'failed') {
          const replaced = this.replaceItem(node, scope, outcome.error);
          if (replaced.status === 'success') outputs[index] = replaced.output;
          else {
            failed ??= { index, error: replaced.error };
            this.context.abortBranches();
          }
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(maxParallel, items.length) }, lane));
    const failure = failed as { index: number; error: SerializedError } | null;
    if (failure !== null) {
      const error = itemError(failure.index, failure.error);
      this.context.settleFanOut(node.id, spec, items.length, error);
      return { status: 'failed', error };
    }
    if (cancelled) return { status: 'cancelled' };
    this.context.settleFanOut(node.id, spec, items.length, null);
    return { status: 'success', output: outputs };
  }

  /** What stands for a failed item: a hole, the fallback, or nothing, and then the run fails with it. */
  private replaceItem(node: CompiledNode, scope: Scope, error: SerializedError): SettledOutcome {
    if (node.onError.kind === 'continue') return { status: 'success', output: null };
    if (node.onError.kind === 'stop') return { status: 'failed', error };
    try {
      return { status: 'success', output: this.fallback(node, scope) };
    } catch (fault) {
      return { status: 'failed', error: serializeError(fault) };
    }
  }

  private runStep(node: CompiledNode, path: string, spec: StepSpec, scope: Scope): Promise<StepOutcome> {
    const type = this.environment.nodeTypes.get(node.type);
    if (type === undefined) {
      const error = { code: 'unknown_node_type', message: `This server has no node type "${node.type}".`, retryable: false };
      return Promise.resolve(this.context.fail(path, spec, error));
    }
    const prepare = (): StepInput => this.prepare(node, scope);
    return type.durable === true
      ? this.context.durableStep(path, spec, prepare, (call) => type.execute(call))
      : this.context.step(path, spec, prepare, (call) => type.execute(call));
  }

  private prepare(node: CompiledNode, scope: Scope): StepInput {
    const config = node.config.evaluate(scope) as JsonObject;
    const inputs = node.inputs.evaluate(scope) as JsonObject;
    if (!node.config.constant) {
      const faults = this.environment.nodeTypes.validateResolved(node.type, config);
      if (faults.length > 0) {
        const message = `The config does not fit ${node.type}: ${faults.map((fault) => `${fault.path} ${fault.message}`).join('; ')}`;
        throw new StepError('invalid_config', message, { retryable: false, details: faults as unknown as Json });
      }
    }
    return { config, inputs, recorded: recordable(node, config, inputs), secrets: Object.values(scope.secrets) };
  }

  private fallback(node: CompiledNode, scope: Scope): Json {
    return node.onError.kind === 'fallback' ? node.onError.output.evaluate(scope) : null;
  }

  private spec(node: CompiledNode): StepSpec {
    return {
      nodeId: node.id,
      nodeType: node.type,
      pure: this.environment.nodeTypes.get(node.type)?.pure ?? false,
      retry: node.retry,
      timeoutMs: node.timeoutMs ?? undefined,
    };
  }

  private node(id: string): CompiledNode {
    return this.graph.nodes.get(id) as CompiledNode;
  }

  // --- Scope -------------------------------------------------------------------------------------------------------

  private scope(node: CompiledNode, item?: Json, index?: number): Scope {
    const names = [...node.config.references.secrets, ...node.inputs.references.secrets, ...(node.when?.references.secrets ?? [])];
    const secrets: Record<string, string> = {};
    for (const name of names) {
      const value = this.environment.secret(this.context.run.tenant, name);
      if (value !== undefined) secrets[name] = value;
    }
    const scope = this.baseScope(secrets);
    return index === undefined ? scope : { ...scope, item: item ?? null, index };
  }

  private baseScope(secrets: Record<string, string>): Scope {
    return { inputs: this.context.inputs, nodes: this.views, run: this.runView, env: this.environment.env, secrets };
  }
}

function itemError(index: number, error: SerializedError): SerializedError {
  return { ...error, message: `item ${index}: ${error.message}` };
}
