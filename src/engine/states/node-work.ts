import type { CompiledTemplate, Scope } from '../expressions/index.js';
import type { GraphEnvironment } from '../graph/graph-environment.js';
import { recordable } from '../graph/recorded-inputs.js';
import type { RunContext, StepInput, StepOutcome, StepSpec } from '../kernel/run-context.js';
import { isJsonObject, type Json, type JsonObject } from '../model/json.js';
import { StepError } from '../model/step-error.js';
import type { DurableCall, NodeCall } from '../ports/node-type.js';
import { shellConfig, type CallState, type CompiledHook, type NodeState } from './compile.js';
import { textOf } from './machine-scope.js';

/** What is kept of each stream of a command that failed. */
const MAX_KEPT_STREAM = 64 * 1024;
const LOG_TYPE = 'hook.log';
const SHELL_TYPE = 'shell.exec';

interface Templates {
  readonly config: CompiledTemplate;
  readonly inputs: CompiledTemplate;
}

/** The steps that a state machine asks of the kernel: nodes, commands, hooks and calls of other workflows. */
export class NodeWork {
  constructor(
    private readonly context: RunContext,
    private readonly environment: GraphEnvironment,
    /** Values that are shown nowhere. */
    private readonly masked: readonly string[],
  ) {}

  node(state: NodeState, path: string, scope: Scope, signal: AbortSignal | undefined): Promise<StepOutcome> {
    const judge = state.command === null ? null : (output: Json) => judgeExit(output, state.command?.retryable ?? null);
    // A command that takes too long is ended by its own node type, which knows what it wrote until then.
    const timeoutMs = state.command === null ? state.timeoutMs : undefined;
    const spec = { nodeId: state.name, retry: state.retry, timeoutMs, signal };
    return this.run(state.type, path, spec, state, scope, judge);
  }

  hook(hook: CompiledHook, path: string, state: string, scope: Scope, signal: AbortSignal | undefined): Promise<StepOutcome> {
    const spec = { nodeId: state, signal };
    if (hook.kind === 'command') {
      const config: CompiledTemplate = {
        ...hook.text,
        constantKeys: new Set(),
        secretKeys: new Set(),
        evaluate: (at) => shellConfig(hook.text.evaluate(at), hook.timeoutMs),
      };
      return this.run(SHELL_TYPE, path, spec, { config, inputs: NOTHING }, scope, (output) => judgeExit(output, null));
    }
    const prepare = (): StepInput => this.input({ message: textOf(hook.text.evaluate(scope)) }, scope);
    return this.context.step(path, { ...spec, nodeType: LOG_TYPE, pure: true }, prepare, async (call) => {
      call.log('info', String(call.config['message']));
      return { message: call.config['message'] ?? '' };
    });
  }

  call(state: CallState, path: string, scope: Scope, signal: AbortSignal | undefined): Promise<StepOutcome> {
    const { name: nodeId, retry, timeoutMs } = state;
    const spec: StepSpec = { nodeId, nodeType: 'workflow.run', pure: false, retry, timeoutMs, signal };
    const prepare = (): StepInput => {
      const config = { workflow: textOf(state.workflow.evaluate(scope)) };
      const inputs = state.inputs.evaluate(scope) as JsonObject;
      return { config, inputs, recorded: inputs, secrets: this.masked };
    };
    return this.context.durableStep(path, spec, prepare, async (call) => {
      const version = state.version === undefined ? {} : { version: state.version };
      const runId = await call.startChild('run', { workflow: String(call.config['workflow']), ...version, inputs: call.inputs });
      const { status, outputs, error } = await call.waitForChild('end', runId);
      if (status === 'success') return pick(outputs, state.outputs);
      const message = `run ${runId} of ${String(call.config['workflow'])} ended as ${status}${error === null ? '' : `: ${error.message}`}`;
      throw new StepError('child_failed', message, { details: { run_id: runId, status, error: error === null ? null : { ...error } } });
    });
  }

  private run(
    type: string,
    path: string,
    partial: Omit<StepSpec, 'nodeType' | 'pure'>,
    templates: Templates,
    scope: Scope,
    judge: ((output: Json) => Json) | null,
  ): Promise<StepOutcome> {
    const nodeType = this.environment.nodeTypes.get(type);
    const spec: StepSpec = { ...partial, nodeType: type, pure: nodeType?.pure ?? false };
    if (nodeType === undefined) {
      const error = { code: 'unknown_node_type', message: `This server has no node type "${type}".`, retryable: false };
      return Promise.resolve(this.context.fail(path, spec, error));
    }
    const prepare = (): StepInput => this.prepare(type, templates, scope);
    const finish = judge ?? ((output: Json) => output);
    return nodeType.durable === true
      ? this.context.durableStep(path, spec, prepare, async (call: DurableCall) => finish(await nodeType.execute(call)))
      : this.context.step(path, spec, prepare, async (call: NodeCall) => finish(await nodeType.execute(call)));
  }

  private prepare(type: string, templates: Templates, scope: Scope): StepInput {
    const config = templates.config.evaluate(scope) as JsonObject;
    const inputs = templates.inputs.evaluate(scope) as JsonObject;
    if (!templates.config.constant) {
      const faults = this.environment.nodeTypes.validateResolved(type, config);
      if (faults.length > 0) {
        const message = `The config does not fit ${type}: ${faults.map((fault) => `${fault.path} ${fault.message}`).join('; ')}`;
        throw new StepError('invalid_config', message, { retryable: false, details: faults.map((fault) => ({ ...fault })) });
      }
    }
    return { ...this.input(config, scope), inputs, recorded: recordable(templates, config, inputs) };
  }

  private input(config: JsonObject, scope: Scope): StepInput {
    return { config, inputs: {}, secrets: [...this.masked, ...Object.values(scope.secrets)] };
  }
}

const NOTHING: CompiledTemplate = {
  constant: true,
  constantKeys: new Set(),
  secretKeys: new Set(),
  references: { nodes: new Set(), states: new Set(), secrets: new Set(), env: new Set(), item: false },
  evaluate: () => ({}),
};

/** A command succeeds with exit code 0; a failure keeps what the command wrote. */
function judgeExit(output: Json, retryable: ReadonlySet<number> | null): Json {
  const { exit_code: code, stdout, stderr } = isJsonObject(output) ? output : {};
  if (code === 0 || code === undefined) return output;
  const exitCode = typeof code === 'number' ? code : 1;
  const wrote = textOf(stderr ?? '');
  throw new StepError('command_failed', wrote.trim() === '' ? `exit code ${exitCode}` : wrote.trim().slice(0, 10_000), {
    retryable: retryable === null || retryable.has(exitCode),
    details: { exit_code: exitCode, stdout: tail(textOf(stdout ?? '')), stderr: tail(wrote) },
  });
}

function tail(text: string): string {
  return text.length > MAX_KEPT_STREAM ? text.slice(-MAX_KEPT_STREAM) : text;
}

function pick(outputs: Json, mapping: CallState['outputs']): Json {
  if (mapping === null) return outputs;
  return Object.fromEntries(
    [...mapping].map(([to, from]) => [
      to,
      from.reduce<Json>((value, name) => (isJsonObject(value) && Object.hasOwn(value, name) ? (value[name] ?? null) : null), outputs),
    ]),
  );
}
