import { availableParallelism } from 'node:os';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Json } from '../../../engine/model/json.js';
import { StepError } from '../../../engine/model/step-error.js';
import { parseJson } from '../builtin/json-text.js';
import { SandboxThread, type SandboxWatcher } from './sandbox-thread.js';
import type { SandboxTask } from './sandbox.types.js';

const MIB = 1024 * 1024;
/** Inputs larger than this part of a script's memory could not be held and parsed in it. */
const INPUT_SHARE = 1 / 4;
const MAX_OUTPUT_BYTES = 8 * MIB;
/** Two at least, so that one long script never holds up all others. */
const THREADS = Math.max(2, Math.min(4, availableParallelism() - 1));

/** A script to run: the body of an async function of `input`. */
export interface Script extends SandboxWatcher {
  readonly source: string;
  readonly input: Json;
  readonly timeoutMs: number;
  readonly memoryMb: number;
}

interface Waiting {
  readonly begin: (thread: SandboxThread) => void;
}

/**
 * Runs untrusted JavaScript: QuickJS compiled to WebAssembly, in worker threads, without I/O, modules or timers. Time, memory,
 * stack, logs and result are bounded; an abort kills the thread. Threads start with the first script, serve one at a time, and
 * are replaced when killed or crashed.
 */
@Injectable()
export class JavascriptSandbox implements OnApplicationShutdown {
  private readonly idle: SandboxThread[] = [];
  private readonly busy = new Set<SandboxThread>();
  private readonly queue = new Set<Waiting>();

  /** The script's result. Fails with a `StepError` (`SandboxFailureCode`) or with the signal's reason. */
  async run(script: Script): Promise<Json> {
    const task = taskOf(script);
    const thread = await this.acquire(script.signal);
    try {
      return parseJson(await thread.run(task, script));
    } finally {
      this.release(thread);
    }
  }

  onApplicationShutdown(): void {
    for (const thread of [...this.idle.splice(0), ...this.busy]) thread.kill();
  }

  private acquire(signal: AbortSignal): Promise<SandboxThread> {
    signal.throwIfAborted();
    const free = this.takeFree();
    if (free !== undefined) return Promise.resolve(free);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.queue.delete(waiting);
        reject(signal.reason);
      };
      const waiting: Waiting = {
        begin: (thread) => {
          signal.removeEventListener('abort', onAbort);
          resolve(thread);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.queue.add(waiting);
    });
  }

  private release(thread: SandboxThread): void {
    this.busy.delete(thread);
    if (!thread.dead) this.idle.push(thread);
    const [next] = this.queue;
    if (next === undefined) return;
    const free = this.takeFree();
    if (free === undefined) return;
    this.queue.delete(next);
    next.begin(free);
  }

  private takeFree(): SandboxThread | undefined {
    let thread = this.idle.pop();
    while (thread?.dead === true) thread = this.idle.pop();
    if (thread === undefined && this.busy.size < THREADS) thread = new SandboxThread();
    if (thread !== undefined) this.busy.add(thread);
    return thread;
  }
}

function taskOf({ source, input, timeoutMs, memoryMb }: Script): SandboxTask {
  const text = JSON.stringify(input);
  const memoryBytes = memoryMb * MIB;
  if (Buffer.byteLength(text) > memoryBytes * INPUT_SHARE) {
    throw new StepError('too_large', `the input of the script is larger than ${memoryBytes * INPUT_SHARE} bytes`, { retryable: false });
  }
  return { source, input: text, timeoutMs, memoryBytes, outputBytes: MAX_OUTPUT_BYTES };
}
