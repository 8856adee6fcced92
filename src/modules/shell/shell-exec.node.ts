import { Inject } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import {
  type ArtifactRef,
  type Json,
  type JsonObject,
  type NodeCall,
  RunStoppedError,
  StepError,
  type StepNodeType,
} from '../../engine/index.js';
import { NO_INPUTS, NodeTypeProvider } from '../nodes/index.js';
import { ArtifactFiles } from './files/artifact-files.js';
import { readResult } from './files/result-file.js';
import { MARK, type StepDirectory } from './files/step-directory.js';
import { type Workspace, Workspaces } from './files/workspaces.js';
import { LineBudget } from './output/line-budget.js';
import { LiveLines } from './output/live-lines.js';
import { OutputStream } from './output/output-stream.js';
import { LiveProcesses } from './process/live-processes.js';
import { type ProcessExit, type ProcessTree } from './process/process-tree.js';
import { Slots } from './process/slots.js';
import { supervise } from './process/supervise.js';
import { commandFailed, startFailed, timedOut } from './shell.errors.js';
import { SHELL_EXEC_CONFIG, SHELL_EXEC_OUTPUT } from './shell-exec.schema.js';
import { ShellPolicy } from './shell-policy.js';
import { programOf } from './shell-program.js';
import { findWorkdir, readRequest, refuseSecretArguments, type ShellRequest } from './shell-request.js';
import { SHELL_TYPE } from './shell-uses.js';

/** How long outputs may stay open once no process of the tree is left that could write to them. */
const DRAIN_LIMIT_MS = 2_000;

interface Ended extends ProcessExit {
  readonly timedOut: boolean;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly durationMs: number;
}

@NodeTypeProvider()
export class ShellExecNode implements StepNodeType {
  readonly type = SHELL_TYPE;
  readonly category = 'shell';
  readonly description =
    'Runs a program or a script in the workspace of its run, with a clean environment. Files left in $HEDDLE_ARTIFACTS are kept as artifacts, JSON written to $HEDDLE_RESULT is its result. Who may use it is up to the operator (HEDDLE_SHELL).';
  readonly pure = false;
  readonly configSchema = SHELL_EXEC_CONFIG;
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = SHELL_EXEC_OUTPUT;

  private readonly slots: Slots;
  private readonly path: string;
  /** The last attempt of each step. A step may be given up, and tried again, while its processes still have to be killed. */
  private readonly attempts = new Map<string, Promise<unknown>>();

  constructor(
    @Inject(CONFIG) { shell }: HeddleConfig,
    private readonly policy: ShellPolicy,
    private readonly workspaces: Workspaces,
    private readonly processes: LiveProcesses,
  ) {
    this.slots = new Slots(shell.processes);
    this.path = shell.path;
  }

  async execute(call: NodeCall): Promise<JsonObject> {
    const refusal = this.policy.refusal(call.run.source);
    if (refusal !== null) throw new StepError('shell_refused', `No process is started: ${refusal}.`, { retryable: false });
    const request = readRequest(call.config);
    refuseSecretArguments(request, call.secrets);
    return this.afterLastAttempt(`${call.run.id}/${call.path}`, () => this.slots.use(call.signal, () => this.run(call, request)));
  }

  private async afterLastAttempt<T>(step: string, work: () => Promise<T>): Promise<T> {
    const last = this.attempts.get(step) ?? Promise.resolve();
    const attempt = last.then(work, work);
    this.attempts.set(step, attempt);
    try {
      return await attempt;
    } finally {
      if (this.attempts.get(step) === attempt) this.attempts.delete(step);
    }
  }

  private async run(call: NodeCall, request: ShellRequest): Promise<JsonObject> {
    const workspace = await this.workspaces.open(call.run.id);
    try {
      const ended = await this.runProcess(call, request, workspace);
      call.signal.throwIfAborted();
      const files = new ArtifactFiles(workspace.step.artifacts);
      if (ended.timedOut || (ended.code !== 0 && request.failOnError)) {
        await keepWhatIsThere(call, files);
        throw ended.timedOut ? timedOut(request.timeoutMs, ended) : commandFailed(ended, request.retryable);
      }
      const result = await readResult(workspace.step.result);
      return outputOf(ended, await files.keep(call), result);
    } finally {
      await workspace.close();
    }
  }

  private async runProcess(call: NodeCall, request: ShellRequest, { files, step }: Workspace): Promise<Ended> {
    const cwd = await findWorkdir(request.workdir, files, this.policy.isTrusted(call.run.source));
    const program = await programOf(request, step);
    call.signal.throwIfAborted();
    const startedAt = performance.now();
    const spec = { ...program, cwd, env: this.environment(call, request, files, step), stdin: request.stdin, mark: MARK };
    const tree = await this.processes
      .start({ ...spec, onStarted: (id) => step.note(id) })
      .catch((error: unknown) => Promise.reject(startFailed(program.file, error)));
    try {
      const [stdout, stderr] = follow(call, request, tree);
      const exit = await supervise(tree, { ...request, signal: call.signal });
      await closed(tree, [stdout, stderr]);
      return { ...exit, stdout, stderr, durationMs: Math.round(performance.now() - startedAt) };
    } finally {
      this.processes.forget(tree);
    }
  }

  /** Nothing of the server's own environment. */
  private environment(call: NodeCall, { env }: ShellRequest, files: string, step: StepDirectory): Record<string, string> {
    return {
      PATH: this.path,
      HOME: files,
      LANG: 'C.UTF-8',
      TMPDIR: step.temporary,
      ...env,
      HEDDLE_RUN_ID: call.run.id,
      HEDDLE_STEP: call.path,
      HEDDLE_ATTEMPT: String(call.attempt),
      HEDDLE_IDEMPOTENCY_KEY: call.idempotencyKey,
      HEDDLE_WORKSPACE: files,
      HEDDLE_ARTIFACTS: step.artifacts,
      [MARK]: step.result,
    };
  }
}

/** Both outputs, told live in the run's log within one budget. */
function follow(call: NodeCall, { maxOutputChars }: ShellRequest, tree: ProcessTree): [OutputStream, OutputStream] {
  const budget = new LineBudget(() => performance.now());
  const tell = (stream: 'stdout' | 'stderr', message: string): void => {
    // A step that was given up at its timeout is over in the journal.
    if (call.signal.aborted && !(call.signal.reason instanceof RunStoppedError)) return;
    call.emit('step.output', { stream, level: stream === 'stdout' ? 'info' : 'warn', message });
  };
  const read = (stream: 'stdout' | 'stderr'): OutputStream =>
    new OutputStream(tree[stream], maxOutputChars, call.secrets, new LiveLines(budget, (line) => tell(stream, line)));
  return [read('stdout'), read('stderr')];
}

async function closed(tree: ProcessTree, streams: readonly OutputStream[]): Promise<void> {
  const timer = setTimeout(() => tree.closeOutputs(), DRAIN_LIMIT_MS);
  await Promise.all(streams.map((stream) => stream.ended));
  clearTimeout(timer);
}

/** The files of a failed attempt may tell why it failed. What is wrong with them is told in the log: the failure is something else. */
async function keepWhatIsThere(call: NodeCall, files: ArtifactFiles): Promise<void> {
  try {
    await files.keep(call);
  } catch (error) {
    call.signal.throwIfAborted();
    call.log('warn', error instanceof StepError ? error.message : 'The artifacts could not be kept.');
  }
}

function outputOf(
  { stdout, stderr, code, signal, durationMs }: Ended,
  artifacts: readonly ArtifactRef[],
  result: Json | undefined,
): JsonObject {
  return {
    stdout: stdout.text(),
    stderr: stderr.text(),
    exit_code: code,
    signal,
    stdout_truncated: stdout.truncated,
    stderr_truncated: stderr.truncated,
    duration_ms: durationMs,
    artifacts: [...artifacts],
    ...(result === undefined ? {} : { result }),
  };
}
