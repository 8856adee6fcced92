import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import type { Reply, Request } from './child.js';
import { compiled } from './paths.js';

/** The parent's side of `serveParent`. */
export class BenchProcess {
  private readonly open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private count = 0;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (reply: Reply) => this.settle(reply));
    child.on('exit', (code, signal) => {
      for (const { reject } of this.open.values()) reject(new Error(`${child.spawnargs.join(' ')} ended with ${String(code ?? signal)}`));
      this.open.clear();
    });
  }

  /** Resolves with what the child tells when it is ready. */
  static async start(
    script: string,
    parameters: unknown,
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ process: BenchProcess; ready: unknown }> {
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(HEDDLE_|DATABASE_|DBOS|RESTATE|NODE_OPTIONS)/.test(name)),
    );
    const child = fork(script, [pathToFileURL(compiled('lib', 'child.js')).href], {
      env: { ...inherited, NODE_ENV: 'production', ...env, BENCH_PARAMETERS: JSON.stringify(parameters) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const started = new BenchProcess(child);
    const ready = await new Promise<unknown>((resolve, reject) => started.open.set(0, { resolve, reject }));
    return { process: started, ready };
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async request<T>(method: string, params: unknown = {}): Promise<T> {
    this.count += 1;
    const request: Request = { id: this.count, method, params };
    return (await new Promise<unknown>((resolve, reject) => {
      this.open.set(request.id, { resolve, reject });
      this.child.send(request);
    })) as T;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  private settle({ id, result, error }: Reply): void {
    const waiting = this.open.get(id);
    this.open.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }
}
