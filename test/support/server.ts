import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient } from './api-client.js';
import { createDataDir } from './embedded-data.js';

const ROOT = join(import.meta.dirname, '..', '..');
const START_LIMIT_MS = 60_000;

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Resolve as soon as the process is spawned, ready or not. */
  readonly wait?: boolean;
}

/** The built server (`npm run build` first) as a process of its own. */
export interface TestServer {
  readonly pid: number;
  readonly url: string;
  /** Printed at the first start, or given in the environment. */
  readonly adminKey: string;
  readonly api: ApiClient;
  readonly dataDir: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Sends the signal and waits for the end; resolves with the exit code, null when a signal ended it. */
  kill(signal?: NodeJS.Signals): Promise<number | null>;
  /** Waits for the end without causing it. */
  ended(): Promise<number | null>;
  /** Starts the process again: same data, same environment unless overridden, another port. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Kills it if it lives and deletes its data. */
  dispose(): Promise<void>;
}

class SpawnedServer implements TestServer {
  stdout = '';
  stderr = '';
  url = '';
  adminKey = '';
  private child: ChildProcess | null = null;
  private readonly killOnExit = (): void => void this.child?.kill('SIGKILL');

  constructor(
    readonly dataDir: string,
    private readonly ownsDataDir: boolean,
    private env: Readonly<Record<string, string>>,
  ) {
    process.once('exit', this.killOnExit);
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error('the server is not running');
    return this.child.pid;
  }

  get api(): ApiClient {
    return new ApiClient(this.url, this.adminKey === '' ? undefined : this.adminKey);
  }

  launch(): void {
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(HEDDLE_|DATABASE_|VITEST|NODE_OPTIONS)/.test(name)),
    );
    this.stdout = '';
    this.stderr = '';
    const child = spawn(process.execPath, [join(ROOT, 'dist', 'src', 'main.js')], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...inherited, HEDDLE_PORT: '0', HEDDLE_DATA_DIR: this.dataDir, HEDDLE_RATE_LIMIT: '1000000', ...this.env },
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.child = child;
  }

  async ready(): Promise<void> {
    const giveUpAt = Date.now() + START_LIMIT_MS;
    while (!(await this.answersReady())) {
      if (this.child?.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`the server ended:\n${this.stderr}\n${this.stdout}`);
      if (Date.now() > giveUpAt) throw new Error(`the server is not ready:\n${this.stderr}\n${this.stdout}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  private async answersReady(): Promise<boolean> {
    const url = / {2}URL +(\S+)/.exec(this.stderr)?.[1];
    if (url === undefined) return false;
    this.url = url;
    this.adminKey = this.env['HEDDLE_BOOTSTRAP_ADMIN_KEY'] ?? / {2}Admin key +(\S+)/.exec(this.stderr)?.[1] ?? this.adminKey;
    return fetch(`${url}/health/ready`).then(
      (response) => response.ok,
      () => false,
    );
  }

  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child?.kill(signal);
    return this.ended();
  }

  async ended(): Promise<number | null> {
    const { child } = this;
    if (child === null) return null;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    return child.exitCode;
  }

  async restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.kill('SIGKILL');
    this.env = { ...this.env, ...env };
    this.launch();
    await this.ready();
  }

  async dispose(): Promise<void> {
    await this.kill('SIGKILL');
    process.off('exit', this.killOnExit);
    if (this.ownsDataDir) rmSync(this.dataDir, { recursive: true, force: true });
  }
}

export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const given = options.env?.['HEDDLE_DATA_DIR'];
  const server = new SpawnedServer(given ?? (await createDataDir()), given === undefined, options.env ?? {});
  server.launch();
  if (options.wait === false) return server;
  try {
    await server.ready();
  } catch (error) {
    await server.dispose();
    throw error;
  }
  return server;
}
