import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { startThread } from '../../threads/index.js';
import type { EmbeddedWorkerData, EmbeddedWorkerReady } from './embedded.worker.js';
import { DataDirLock } from './data-dir-lock.js';

/** Address lengths of unix sockets end at 104 to 108 bytes. */
const MAX_SOCKET_PATH = 100;
const SOCKET_NAME = '.s.PGSQL.5432';
const RESTART_DELAY_MS = 500;

export interface EmbeddedOptions {
  readonly dataDir: string;
  readonly idleInTransactionMs: number;
  /** Told when the database had to be started again. */
  readonly onRestart: (reason: string) => void;
}

/**
 * The embedded database: Postgres in WASM, in a thread of its own, on a unix socket that only this user can reach.
 * Clients connect with `pg` to `host`. When the thread dies it is started again, as a Postgres would be by its supervisor;
 * clients see their connections end and connect anew.
 */
export class EmbeddedServer {
  private worker: Worker | null = null;
  private stopping = false;

  private constructor(
    private readonly options: EmbeddedOptions,
    private readonly lock: DataDirLock,
    /** Directory of the socket: what `pg` takes as `host`. */
    readonly host: string,
    private readonly temporary: boolean,
  ) {}

  static async start(options: EmbeddedOptions): Promise<EmbeddedServer> {
    const lock = DataDirLock.acquire(options.dataDir);
    const inside = join(options.dataDir, 'socket');
    const temporary = Buffer.byteLength(join(inside, SOCKET_NAME)) > MAX_SOCKET_PATH;
    const host = temporary ? mkdtempSync(join(tmpdir(), 'heddle-')) : inside;
    mkdirSync(host, { recursive: true });
    chmodSync(host, 0o700);
    const server = new EmbeddedServer(options, lock, host, temporary);
    try {
      await server.launch();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Ends the database in order: everything is written, the directory free for the next process. */
  async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    const { worker } = this;
    if (worker !== null) {
      await new Promise<void>((resolve) => {
        worker.once('exit', () => resolve());
        worker.postMessage('stop');
      });
    }
    if (this.temporary) rmSync(this.host, { recursive: true, force: true });
    this.lock.release();
  }

  private async launch(): Promise<void> {
    const workerData: EmbeddedWorkerData = {
      databaseDir: join(this.options.dataDir, 'pg'),
      socketPath: join(this.host, SOCKET_NAME),
      idleInTransactionMs: this.options.idleInTransactionMs,
    };
    const worker = startThread(new URL('./embedded.worker.js', import.meta.url), { workerData });
    this.worker = worker;
    let failure = new Error('the embedded database ended');
    worker.once('error', (error: unknown) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    await new Promise<EmbeddedWorkerReady>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('exit', () => {
        this.worker = null;
        reject(failure);
      });
    });
    worker.once('exit', () => this.relaunch(failure));
  }

  private relaunch(failure: Error): void {
    this.worker = null;
    if (this.stopping) return;
    this.options.onRestart(failure.message);
    setTimeout(() => {
      if (!this.stopping) this.launch().catch((error: unknown) => this.relaunch(error instanceof Error ? error : new Error(String(error))));
    }, RESTART_DELAY_MS);
  }
}
