import { newQuickJSWASMModuleFromVariant, newVariant, RELEASE_SYNC } from 'quickjs-emscripten';
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from 'quickjs-emscripten';
import type { LogLevel } from '../../../engine/ports/node-type.js';
import type { SandboxFailure, SandboxTask } from './sandbox.types.js';

interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
/** The compiler's types know WebAssembly in browsers only. */
declare const WebAssembly: { readonly Memory: new (descriptor: { readonly initial: number; readonly maximum: number }) => WasmMemory };

const PAGE_BYTES = 64 * 1024;
const INITIAL_PAGES = 256;
/** Well inside the WASM stack, which overflows without a check. */
const STACK_BYTES = 256 * 1024;
const MAX_LOG_LINES = 1000;
const MAX_LOG_CHARS = 256 * 1024;
const MAX_MESSAGE_CHARS = 4000;
/** Lines the function constructor puts before the first one of a body. */
const HEADER_LINES = 2;

/**
 * Runs first, inside the sandbox. Hands out three functions and takes no intrinsic on trust afterwards: scripts may
 * overwrite whatever they like and only confuse themselves.
 */
const PRELUDE = `(emit) => {
  const { parse, stringify } = JSON;
  const text = String;
  const AsyncFunction = (async () => {}).constructor;
  const show = (value) => {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return text(value);
    try { return stringify(value) ?? text(value); } catch { return text(value); }
  };
  const line = (level) => (...values) => { emit(level, values.map(show).join(' ')); };
  globalThis.console = { debug: line('debug'), log: line('info'), info: line('info'), warn: line('warn'), error: line('error') };
  return {
    compile: (source) => new AsyncFunction('input', source),
    run: async (body, input) => stringify(await body(parse(input))) ?? 'null',
    describe: (error) => stringify(error instanceof Error
      ? [text(error.name), text(error.message), text(error.stack)]
      : ['', show(error), '']) ?? '',
  };
}`;

export type EvaluationResult = { readonly output: string } | { readonly failure: SandboxFailure };

class EvaluationError extends Error {
  readonly failure: SandboxFailure;

  constructor(failure: SandboxFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

interface Prelude {
  readonly compile: QuickJSHandle;
  readonly run: QuickJSHandle;
  readonly describe: QuickJSHandle;
}

/**
 * An instance of QuickJS whose whole heap is limited by the WebAssembly memory itself. The runtime's own memory limit is no
 * substitute: in this build it does not know the size of small allocations, only that of each single large one.
 */
export interface Interpreter {
  readonly module: QuickJSWASMModule;
  readonly memory: WasmMemory;
  readonly memoryBytes: number;
}

export async function createInterpreter(memoryBytes: number): Promise<Interpreter> {
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: Math.max(INITIAL_PAGES, memoryBytes / PAGE_BYTES) });
  return { memory, memoryBytes, module: await newQuickJSWASMModuleFromVariant(newVariant(RELEASE_SYNC, { wasmMemory: memory })) };
}

/**
 * One script in a runtime of its own. Throws only when the interpreter itself broke. `tidy` says whether the interpreter may
 * serve another script: after a failure, or once its heap has grown, it is not worth keeping.
 */
export function evaluate(
  interpreter: Interpreter,
  task: SandboxTask,
  log: (level: LogLevel, message: string) => void,
): EvaluationResult & { readonly tidy: boolean } {
  const runtime = interpreter.module.newRuntime();
  runtime.setMemoryLimit(task.memoryBytes);
  runtime.setMaxStackSize(STACK_BYTES);
  const deadline = performance.now() + task.timeoutMs;
  const late = (): boolean => performance.now() > deadline;
  runtime.setInterruptHandler(late);
  const context = runtime.newContext();
  const limits = { late, full: () => interpreter.memory.buffer.byteLength > 0.9 * task.memoryBytes };
  try {
    const output = new Evaluation(context, runtime, task, limits).result(log);
    context.dispose();
    runtime.dispose();
    return { output, tidy: interpreter.memory.buffer.byteLength === INITIAL_PAGES * PAGE_BYTES };
  } catch (error) {
    if (error instanceof EvaluationError) return { failure: error.failure, tidy: false };
    throw error;
  }
}

interface Limits {
  late(): boolean;
  full(): boolean;
}

class Evaluation {
  private readonly context: QuickJSContext;
  private readonly runtime: QuickJSRuntime;
  private readonly task: SandboxTask;
  private readonly limits: Limits;

  constructor(context: QuickJSContext, runtime: QuickJSRuntime, task: SandboxTask, limits: Limits) {
    this.context = context;
    this.runtime = runtime;
    this.task = task;
    this.limits = limits;
  }

  result(log: (level: LogLevel, message: string) => void): string {
    const prelude = this.prelude(log);
    const source = this.context.newString(this.task.source);
    const body = this.call(prelude, prelude.compile, [source], 'script_syntax');
    const input = this.context.newString(this.task.input);
    const promise = this.call(prelude, prelude.run, [body, input], 'script_error');
    const text = this.settled(prelude, promise);
    const output = this.textOf(text);
    for (const handle of [prelude.compile, prelude.run, prelude.describe, source, body, input, promise, text]) handle.dispose();
    return output;
  }

  private prelude(log: (level: LogLevel, message: string) => void): Prelude {
    const factory = this.context.unwrapResult(this.context.evalCode(PRELUDE, 'prelude'));
    const emit = this.context.newFunction('emit', this.boundedLog(log));
    const functions = this.context.unwrapResult(this.context.callFunction(factory, this.context.undefined, emit));
    const prelude = {
      compile: this.context.getProp(functions, 'compile'),
      run: this.context.getProp(functions, 'run'),
      describe: this.context.getProp(functions, 'describe'),
    };
    for (const handle of [factory, emit, functions]) handle.dispose();
    return prelude;
  }

  private boundedLog(log: (level: LogLevel, message: string) => void): (level: QuickJSHandle, message: QuickJSHandle) => undefined {
    let lines = 0;
    let chars = 0;
    return (level, message) => {
      lines += 1;
      if (lines > MAX_LOG_LINES || chars > MAX_LOG_CHARS) {
        if (chars !== Infinity) log('warn', 'further log lines are dropped');
        chars = Infinity;
        return undefined;
      }
      const text = this.context.getString(message).slice(0, MAX_MESSAGE_CHARS);
      chars += text.length;
      log(this.context.getString(level) as LogLevel, text);
      return undefined;
    };
  }

  /** Runs pending jobs until the promise is decided, and returns what it was fulfilled with. */
  private settled(prelude: Prelude, promise: QuickJSHandle): QuickJSHandle {
    for (;;) {
      const state = this.context.getPromiseState(promise);
      if (state.type === 'fulfilled') return state.value;
      if (state.type === 'rejected') throw this.failed(prelude, state.error, 'script_error');
      if (this.limits.late()) throw this.timedOut();
      const jobs = this.runtime.executePendingJobs();
      if (jobs.error !== undefined) throw this.failed(prelude, jobs.error, 'script_error');
      if (jobs.value === 0) {
        throw new EvaluationError({ code: 'script_never_settles', message: 'the script awaits something that nothing will ever settle' });
      }
    }
  }

  private textOf(handle: QuickJSHandle): string {
    const length = this.context.getProp(handle, 'length').consume((each) => this.context.getNumber(each));
    const text = length > this.task.outputBytes ? null : this.context.getString(handle);
    if (text === null || Buffer.byteLength(text) > this.task.outputBytes) {
      throw new EvaluationError({ code: 'too_large', message: `the script returns more than ${this.task.outputBytes} bytes` });
    }
    // JSON is never empty: the text did not fit beside the value.
    if (text === '') throw this.outOfMemory();
    return text;
  }

  private call(prelude: Prelude, target: QuickJSHandle, args: QuickJSHandle[], code: 'script_syntax' | 'script_error'): QuickJSHandle {
    const result = this.context.callFunction(target, this.context.undefined, ...args);
    if (result.error !== undefined) throw this.failed(prelude, result.error, code);
    return result.value;
  }

  private failed(prelude: Prelude, error: QuickJSHandle, code: 'script_syntax' | 'script_error'): EvaluationError {
    if (this.limits.late()) return this.timedOut();
    const described = this.describe(prelude, error);
    if (this.limits.late()) return this.timedOut();
    // With a full heap even the error may be lost: what is thrown then is null, or nothing that can be read.
    if (described === null && !this.limits.full()) return new EvaluationError({ code, message: 'an error that cannot be shown' });
    if (described === null || (described.message === 'null' && this.limits.full())) return this.outOfMemory();
    const { name, message, stack } = described;
    if (message === 'out of memory') return this.outOfMemory();
    if (message === 'stack overflow') return new EvaluationError({ code: 'stack_overflow', message: 'the script recurses too deeply' });
    const line = lineOf(stack);
    const where = line === undefined ? '' : ` (line ${line})`;
    const text = `${name === '' ? '' : `${name}: `}${message}`.slice(0, MAX_MESSAGE_CHARS);
    return new EvaluationError({ code, message: `${text}${where}`, ...(line === undefined ? {} : { line }) });
  }

  /** Null when the script's own meddling, or want of memory, leaves nothing to describe. */
  private describe(prelude: Prelude, error: QuickJSHandle): { name: string; message: string; stack: string } | null {
    const result = this.context.callFunction(prelude.describe, this.context.undefined, error);
    if (result.error !== undefined) return null;
    const text = this.context.getString(result.value);
    const parts: unknown = text === '' ? null : JSON.parse(text);
    if (!Array.isArray(parts)) return null;
    const [name, message, stack] = parts.map(String);
    return { name: name ?? '', message: message ?? '', stack: stack ?? '' };
  }

  private outOfMemory(): EvaluationError {
    return new EvaluationError({ code: 'memory_limit', message: `the script needs more than ${this.task.memoryBytes} bytes of memory` });
  }

  private timedOut(): EvaluationError {
    return new EvaluationError({ code: 'timeout', message: `the script ran longer than ${this.task.timeoutMs} ms` });
  }
}

function lineOf(stack: string): number | undefined {
  const found = /<input>:(\d+)/.exec(stack)?.[1];
  const line = Number(found) - HEADER_LINES;
  return line >= 1 ? line : undefined;
}
