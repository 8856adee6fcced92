import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { PGlite } from '@electric-sql/pglite';
import { Connection } from './connection.js';
import { openPglite } from './open-pglite.js';
import { SessionQueue, type Session } from './session-queue.js';

/** What the launcher hands to the thread. */
export interface EmbeddedWorkerData {
  readonly databaseDir: string;
  readonly socketPath: string;
  readonly idleInTransactionMs: number;
}

/** What the thread tells the launcher, once it serves. */
export interface EmbeddedWorkerReady {
  readonly version: string;
}

function sessionOf(database: PGlite): Session {
  return {
    execute(messages) {
      const answer: Buffer[] = [];
      // The callback sees WASM memory that the next write reuses, so each chunk is copied. All of it runs before the
      // call returns; its promise only stands for a file system sync that this file system does not need.
      void database.execProtocolRawStream(messages, { syncToFs: false, onRawData: (chunk) => answer.push(Buffer.from(chunk)) });
      return answer.length === 1 && answer[0] !== undefined ? answer[0] : Buffer.concat(answer);
    },
  };
}

async function serve(data: EmbeddedWorkerData, ready: (message: EmbeddedWorkerReady) => void): Promise<() => Promise<void>> {
  const database = await openPglite(data.databaseDir);
  const { rows } = await database.query<{ server_version: string }>('SHOW server_version');
  const version = rows[0]?.server_version ?? 'unknown';
  const queue = new SessionQueue(sessionOf(database), data.idleInTransactionMs);
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    Connection.serve(connections, socket, queue, version);
  });
  rmSync(data.socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(data.socketPath, resolve);
  });
  ready({ version });
  return async () => {
    server.close();
    await database.close();
  };
}

if (parentPort === null) throw new Error('runs as a worker thread only');
const port = parentPort;
const stop = await serve(workerData as EmbeddedWorkerData, (message) => port.postMessage(message));
port.once('message', () => void stop().finally(() => process.exit(0)));
