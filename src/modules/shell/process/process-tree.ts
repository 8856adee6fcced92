import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { findTree, identify, type ProcessId, type TreeRoot } from './process-table.js';

const LOOK_MS = 25;
const LOOK_SLOWLY_MS = 100;
/** After that much of KILL, what still lives cannot be killed (by this user, or at all). */
const KILL_LIMIT_MS = 2_000;

export interface ProcessSpec {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** All of the environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string | null;
  /** The variable of `env` that no other process tree has with that value. */
  readonly mark: string;
  /** Called as soon as the process is there, with null where the system tells nothing of it. */
  readonly onStarted: (id: ProcessId | null) => void;
}

export interface ProcessExit {
  /** As shells say it: 128 and the number of the signal when one ended it. */
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
}

/** A process with everything it starts. It leads a session and a group of its own. */
export class ProcessTree {
  /** Of the first process. What it started may live on. */
  readonly exited: Promise<ProcessExit>;
  private over = false;
  private killAt = Infinity;
  private ending: Promise<void> | null = null;

  private constructor(
    private readonly child: ChildProcess,
    private readonly root: TreeRoot,
  ) {
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code: code ?? 128 + signalNumber(signal), signal }));
    });
  }

  /** Throws what the system says when the process cannot be started. */
  static async start(spec: ProcessSpec): Promise<ProcessTree> {
    const child = spawn(spec.file, spec.args, {
      cwd: spec.cwd,
      env: spec.env,
      detached: true,
      stdio: [spec.stdin === null ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const { pid } = child;
    if (pid === undefined) throw await new Promise<Error>((resolve) => child.once('error', resolve));
    child.on('error', () => undefined);
    const id = identify(pid);
    const tree = new ProcessTree(child, { pid, startTime: id?.startTime ?? 0, mark: `${spec.mark}=${spec.env[spec.mark] ?? ''}` });
    spec.onStarted(id);
    // A process need not read its input.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(spec.stdin);
    return tree;
  }

  get stdout(): Readable {
    return this.child.stdout as Readable;
  }

  get stderr(): Readable {
    return this.child.stderr as Readable;
  }

  /** TERM to all of the tree, and KILL to what still lives after the grace. Called again, the shorter grace counts. */
  terminate(graceMs: number): Promise<void> {
    this.killAt = Math.min(this.killAt, performance.now() + graceMs);
    this.ending ??= this.end();
    return this.ending;
  }

  /** KILL to the group, at once and without looking: for the moment in which this process itself ends. */
  killNow(): void {
    if (!this.over) signal(-this.root.pid, 'SIGKILL');
  }

  /** Gives up on outputs that somebody who cannot be killed keeps open. */
  closeOutputs(): void {
    this.stdout.destroy();
    this.stderr.destroy();
  }

  private async end(): Promise<void> {
    await endTree(this.root, () => this.killAt);
    this.over = true;
  }
}

/** TERM to all of a tree, then KILL at `killAt()` (`performance.now`), which is asked again and again. Settles when nothing of it lives, with the number of processes that did. */
export async function endTree(root: TreeRoot, killAt: () => number): Promise<number> {
  let living = await findLiving(root);
  const found = living.length;
  if (living.length > 0) {
    signalTree(root, living, 'SIGTERM');
    // What is stopped acts on TERM only once it goes on.
    signalTree(root, living, 'SIGCONT');
  }
  for (let look = 0; living.length > 0 && performance.now() < killAt(); look += 1) {
    await pause(Math.min(look < 20 ? LOOK_MS : LOOK_SLOWLY_MS, Math.max(1, killAt() - performance.now())));
    living = await findLiving(root);
  }
  const giveUpAt = performance.now() + KILL_LIMIT_MS;
  while (living.length > 0 && performance.now() < giveUpAt) {
    signalTree(root, living, 'SIGKILL');
    await pause(LOOK_MS);
    living = await findLiving(root);
  }
  return found;
}

interface Living {
  readonly pid: number;
  readonly group: number;
}

async function findLiving(root: TreeRoot): Promise<readonly Living[]> {
  return (await findTree(root)) ?? (root.pid > 0 && signal(-root.pid, 0) ? [{ pid: root.pid, group: root.pid }] : []);
}

/** The group in one call, so that nothing of it can slip away; what left the group one by one. */
function signalTree({ pid: root }: TreeRoot, living: readonly Living[], name: NodeJS.Signals): void {
  if (living.some(({ group }) => group === root)) signal(-root, name);
  for (const { pid, group } of living) if (group !== root) signal(pid, name);
}

/** False when there is nobody to signal. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : (constants.signals[signal] ?? 0);
}
