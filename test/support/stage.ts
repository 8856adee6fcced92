import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EffectsServer } from './effects-server.js';
import { realPostgres, type RealPostgres } from './real-postgres.js';
import { RunRecords, type RunRecord } from './run-records.js';
import { startServer, type TestServer } from './server.js';

export interface StageOptions {
  /** Environment of every node. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the database will be restarted. */
  readonly restarts?: boolean;
}

/** Any number of server processes on one real Postgres, and the world they act on. */
export class Stage {
  private readonly adminKey = `hdl_${randomBytes(32).toString('base64url')}`;
  private readonly dataDir = mkdtempSync(join(tmpdir(), 'heddle-stage-'));
  private readonly nodes: TestServer[] = [];

  private constructor(
    readonly postgres: RealPostgres,
    readonly databaseUrl: string,
    readonly records: RunRecords,
    readonly world: EffectsServer,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  static async start({ env = {}, restarts = false }: StageOptions = {}): Promise<Stage> {
    const postgres = await realPostgres({ restarts });
    const url = await postgres.createDatabase();
    return new Stage(postgres, url, new RunRecords({ connectionString: url }), await EffectsServer.start(), env);
  }

  async node(env: Readonly<Record<string, string>> = {}): Promise<TestServer> {
    const node = await startServer({
      env: {
        DATABASE_URL: this.databaseUrl,
        HEDDLE_DATA_DIR: this.dataDir,
        HEDDLE_BOOTSTRAP_ADMIN_KEY: this.adminKey,
        HEDDLE_EGRESS_ALLOW: '127.0.0.1',
        ...this.env,
        ...env,
      },
    });
    this.nodes.push(node);
    return node;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.dispose()));
    await this.world.stop();
    await this.records.close();
    await this.postgres.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** Whether the process executes the run at the moment, or executed it last. */
export function isHeldBy(node: TestServer, run: Pick<RunRecord, 'owner'>): boolean {
  return run.owner?.split(':').at(-2) === String(node.pid);
}
