import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { BenchProcess } from './bench-process.js';
import { freePort } from './free-port.js';
import { bench, scratchDir } from './paths.js';

const START_LIMIT_MS = 60_000;

/** A Restate server with its defaults (the write-ahead log is synced) on an empty disk, and a service in Node behind it. */
export class Restate {
  private constructor(
    private readonly server: ChildProcess,
    private readonly service: BenchProcess,
    readonly ingress: string,
  ) {}

  static async start(): Promise<Restate> {
    const [node, ingress, admin] = [await freePort(), await freePort(), await freePort()];
    const baseDir = scratchDir('restate');
    const binary = bench('node_modules', '@restatedev', `restate-server-${process.platform}-${process.arch}`, 'bin', 'restate-server');
    const server = spawn(binary, ['--base-dir', baseDir, '--no-logo'], {
      cwd: baseDir,
      stdio: 'ignore',
      env: {
        RESTATE_NODE_NAME: 'bench',
        RESTATE_LISTEN_MODE: 'tcp',
        RESTATE_BIND_IP: '127.0.0.1',
        RESTATE_BIND_PORT: String(node),
        RESTATE_INGRESS__BIND_PORT: String(ingress),
        RESTATE_ADMIN__BIND_PORT: String(admin),
        RESTATE_DISABLE_TELEMETRY: 'true',
        RESTATE_LOG_FILTER: 'error',
      },
    });
    process.once('exit', () => server.kill('SIGKILL'));
    const { process: service, ready } = await BenchProcess.start(bench('peers', 'restate-service.mjs'), {}, { RESTATE_LOGGING: 'ERROR' });
    const restate = new Restate(server, service, `http://127.0.0.1:${ingress}`);
    await restate.register(`http://127.0.0.1:${admin}`, `http://127.0.0.1:${(ready as { port: number }).port}`);
    return restate;
  }

  get processes(): Record<string, number> {
    return { restate: this.server.pid ?? 0, service: this.service.pid };
  }

  async stop(): Promise<void> {
    await this.service.stop();
    if (this.server.exitCode !== null) return;
    const exited = once(this.server, 'exit');
    this.server.kill('SIGKILL');
    await exited;
  }

  /** Tried until the server serves: it takes a few seconds to make its first log. */
  private async register(admin: string, uri: string): Promise<void> {
    const giveUpAt = performance.now() + START_LIMIT_MS;
    for (;;) {
      if (this.server.exitCode !== null) throw new Error(`restate-server ended with ${this.server.exitCode}`);
      const body = JSON.stringify({ uri, force: true });
      const response = await fetch(`${admin}/deployments`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).catch(
        () => null,
      );
      if (response?.ok === true && (await this.answers())) return;
      if (performance.now() > giveUpAt) throw new Error(`Restate does not take the service: ${(await response?.text()) ?? 'no answer'}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  private async answers(): Promise<boolean> {
    const response = await fetch(`${this.ingress}/Bench/one`, { method: 'POST', signal: AbortSignal.timeout(5_000) }).catch(() => null);
    return response?.ok === true;
  }
}
