import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CrashPoint } from '../../src/engine/crash-points.js';
import { eventually } from './runs.js';
import type { TestServer } from './server.js';

const HOOK = pathToFileURL(join(import.meta.dirname, 'fixtures', 'crash-hook.mjs')).href;

interface ArmOptions {
  /** Which visit of the point it is. */
  readonly nth?: number;
  readonly signal?: 'SIGKILL' | 'SIGSTOP';
}

/** Makes server processes die or stop at a crash point of the engine. One plan serves any number of servers, one at a time. */
export class CrashPlan {
  private readonly dir = mkdtempSync(join(tmpdir(), 'heddle-crash-'));
  private readonly file = join(this.dir, 'plan.json');
  private plans = 0;

  /** What a server needs in its environment. */
  readonly env: Readonly<Record<string, string>> = { NODE_OPTIONS: `--import=${HOOK}`, CRASH_PLAN: this.file };

  /** From now on, the `nth` time the server is at the point it gets the signal. */
  async arm(server: TestServer, point: CrashPoint, { nth = 1, signal = 'SIGKILL' }: ArmOptions = {}): Promise<void> {
    this.plans += 1;
    writeFileSync(this.file, JSON.stringify({ id: this.plans, point, nth, signal }));
    process.kill(server.pid, 'SIGUSR2');
    await this.said(server, `armed for ${point}`);
  }

  /** Resolves once the server got the signal there. */
  async reached(server: TestServer, point: CrashPoint, signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL'): Promise<void> {
    await this.said(server, `${signal} at ${point}`);
  }

  /** Resolves once a server that was stopped there goes on. */
  async past(server: TestServer, point: CrashPoint): Promise<void> {
    await this.said(server, `past ${point}`);
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Plans are numbered, for a server may be at one point for several of them. */
  private async said(server: TestServer, text: string): Promise<void> {
    const lines = async (): Promise<string> => server.stderr;
    await eventually(lines, (stderr) => stderr.includes(`crash-hook: ${this.plans} ${text}\n`), 30_000);
  }
}
