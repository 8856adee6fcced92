import { setTimeout as pause } from 'node:timers/promises';
import type { ProcessExit, ProcessTree } from './process-tree.js';

/** The engine gives up on stopped work after 5 s: by then the processes are to be dead. */
const STOP_LIMIT_MS = 4_000;
/** How long the exit of a process that was killed may take to be told. */
const EXIT_LIMIT_MS = 1_000;

export interface Limits {
  readonly timeoutMs: number;
  readonly killAfterMs: number;
  /** Ends the tree when it is aborted. */
  readonly signal: AbortSignal;
}

/** Waits until nothing of a tree lives any more: of its own accord, at its timeout, or because it is stopped. */
export async function supervise(
  tree: ProcessTree,
  { timeoutMs, killAfterMs, signal }: Limits,
): Promise<ProcessExit & { timedOut: boolean }> {
  let timedOut = false;
  let giveUp = (): void => {};
  const givenUp = new Promise<ProcessExit>((resolve) => {
    giveUp = () => resolve({ code: 137, signal: 'SIGKILL' });
  });
  const stop = (graceMs: number): void => {
    void tree
      .terminate(graceMs)
      .then(() => pause(EXIT_LIMIT_MS, undefined, { ref: false }))
      .then(giveUp);
  };
  const timer = setTimeout(() => {
    timedOut = true;
    stop(killAfterMs);
  }, timeoutMs);
  const onAbort = (): void => stop(Math.min(killAfterMs, STOP_LIMIT_MS));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const exit = await Promise.race([tree.exited, givenUp]);
    clearTimeout(timer);
    // What the process started and left behind ends with it.
    await tree.terminate(killAfterMs);
    return { ...exit, timedOut };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
