import type { Worker } from 'node:worker_threads';
import { StepError } from '../../../engine/model/step-error.js';
import type { LogLevel } from '../../../engine/ports/node-type.js';
import { startThread } from '../../../platform/threads/index.js';
import type { SandboxFailure, SandboxMessage, SandboxTask } from './sandbox.types.js';

const START_LIMIT_MS = 30_000;
/** A script that overruns is stopped from inside; this much later the thread is stopped, whatever it does. */
const KILL_GRACE_MS = 500;
const RETRYABLE: ReadonlySet<string> = new Set(['timeout', 'sandbox_crashed']);

export interface SandboxWatcher {
  readonly signal: AbortSignal;
  log(level: LogLevel, message: string): void;
}

/** One worker thread, one script at a time. After a kill or a crash it is `dead` and must be replaced. */
export class SandboxThread {
  private readonly worker: Worker;
  private ended = false;

  constructor() {
    this.worker = startThread(new URL('./sandbox.worker.js', import.meta.url), {
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32 },
    });
    this.worker.unref();
    this.worker.on('error', () => (this.ended = true));
    this.worker.on('exit', () => (this.ended = true));
  }

  get dead(): boolean {
    return this.ended;
  }

  /** Resolves to the script's result as JSON text. */
  run(task: SandboxTask, watcher: SandboxWatcher): Promise<string> {
    return new Promise((resolve, reject) => {
      watcher.signal.throwIfAborted();
      const kill = (reason: unknown): void => {
        this.kill();
        settle(() => reject(reason));
      };
      const onAbort = (): void => kill(watcher.signal.reason);
      const onCrash = (): void =>
        kill(toStepError({ code: 'sandbox_crashed', message: 'the sandbox broke down while running the script' }));
      const onMessage = (message: SandboxMessage): void => {
        switch (message.kind) {
          case 'started':
            clearTimeout(timer);
            timer = setTimeout(() => kill(overrun(task)), task.timeoutMs + KILL_GRACE_MS);
            break;
          case 'log':
            watcher.log(message.level, message.message);
            break;
          case 'done':
            settle(() => resolve(message.output));
            break;
          case 'failed':
            settle(() => reject(toStepError(message.failure)));
            break;
        }
      };
      let timer = setTimeout(onCrash, START_LIMIT_MS);
      const settle = (answer: () => void): void => {
        clearTimeout(timer);
        watcher.signal.removeEventListener('abort', onAbort);
        this.worker.off('message', onMessage).off('error', onCrash).off('exit', onCrash);
        this.worker.unref();
        answer();
      };
      this.worker.ref();
      this.worker.on('message', onMessage).once('error', onCrash).once('exit', onCrash);
      watcher.signal.addEventListener('abort', onAbort, { once: true });
      this.worker.postMessage(task);
    });
  }

  kill(): void {
    this.ended = true;
    void this.worker.terminate();
  }
}

function overrun(task: SandboxTask): StepError {
  return toStepError({ code: 'timeout', message: `the script ran longer than ${task.timeoutMs} ms` });
}

function toStepError({ code, message, line }: SandboxFailure): StepError {
  return new StepError(code, message, { retryable: RETRYABLE.has(code), ...(line === undefined ? {} : { details: { line } }) });
}
