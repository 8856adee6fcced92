import { randomBytes } from 'node:crypto';
import { BenchProcess } from './bench-process.js';
import { noopChain } from './chain.js';
import { compiled, scratchDir } from './paths.js';

export interface HeddleServerOptions {
  /** Unset: the embedded database. */
  readonly url?: string;
  readonly role?: 'all' | 'api';
  readonly workerConcurrency?: number;
  /** What else the server is told. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The whole server in a process of its own: bearer keys, validation, rate limits, logs, everything on. */
export class HeddleServer {
  private constructor(
    readonly process: BenchProcess,
    readonly url: string,
    private readonly key: string,
  ) {}

  static async start({ url, role = 'all', workerConcurrency, env }: HeddleServerOptions): Promise<HeddleServer> {
    const key = `hdl_${randomBytes(32).toString('base64url')}`;
    const { process, ready } = await BenchProcess.start(
      compiled('processes', 'server.js'),
      {},
      {
        HEDDLE_PORT: '0',
        HEDDLE_ROLE: role,
        HEDDLE_DATA_DIR: scratchDir('data'),
        HEDDLE_BOOTSTRAP_ADMIN_KEY: key,
        HEDDLE_RATE_LIMIT: '1000000000',
        ...(url === undefined ? {} : { DATABASE_URL: url }),
        ...(workerConcurrency === undefined ? {} : { HEDDLE_WORKER_CONCURRENCY: String(workerConcurrency) }),
        ...env,
      },
    );
    const server = new HeddleServer(process, (ready as { url: string }).url, key);
    for (const steps of [1, 3, 10]) await server.store(steps);
    return server;
  }

  get headers(): Record<string, string> {
    return { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' };
  }

  /** Where runs of the chain with that many steps are started. */
  static runsPath(steps: number): string {
    return `/api/v1/workflows/${encodeURIComponent(`bench/steps-${steps}`)}/runs`;
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }

  private async store(steps: number): Promise<void> {
    const body = JSON.stringify(noopChain(`bench/steps-${steps}`, steps));
    const response = await fetch(`${this.url}/api/v1/workflows`, { method: 'POST', headers: this.headers, body });
    if (!response.ok) throw new Error(`POST /workflows answered ${response.status}: ${await response.text()}`);
  }
}
