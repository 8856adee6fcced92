import type { Socket } from 'node:net';
import type { SessionClient, SessionQueue } from './session-queue.js';
import { fatalError, Framer, greeting, MESSAGE, renameStatement, startupKind } from './wire.js';

const ENDS_UNIT: ReadonlySet<number | undefined> = new Set([MESSAGE.sync, MESSAGE.query, MESSAGE.functionCall]);
const NO_ENCRYPTION = Buffer.from('N');

/** One client of the embedded database: cuts its bytes into units for the queue and sends the answers back. */
export class Connection implements SessionClient {
  private readonly framer = new Framer();
  private started = false;
  private closed = false;
  private unit: Buffer[] = [];
  /** Names of prepared statements belong to a connection, but the session is shared: each gets one of its own. */
  private readonly statements = new Map<string, string>();
  private statementCount = 0;

  private readonly id: number;
  private readonly socket: Socket;
  private readonly queue: SessionQueue;
  private readonly serverVersion: string;

  private constructor(id: number, socket: Socket, queue: SessionQueue, serverVersion: string) {
    this.id = id;
    this.socket = socket;
    this.queue = queue;
    this.serverVersion = serverVersion;
  }

  /** Serves the socket until it closes. */
  static serve(id: number, socket: Socket, queue: SessionQueue, serverVersion: string): void {
    new Connection(id, socket, queue, serverVersion).listen();
  }

  private listen(): void {
    const { socket } = this;
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    // A reset is followed by close, which does the cleaning up; without a listener it would end the thread.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.close());
  }

  answer(bytes: Buffer): void {
    if (!this.closed) this.socket.write(bytes);
  }

  expel(): void {
    this.socket.end(fatalError('25P03', 'terminating connection due to idle-in-transaction timeout'));
  }

  private receive(chunk: Buffer): void {
    this.framer.push(chunk);
    try {
      for (let message = this.framer.next(); message !== null && !this.closed; message = this.framer.next()) {
        if (this.started) this.take(message);
        else this.start(message);
      }
    } catch (error) {
      this.socket.end(fatalError('08P01', `invalid message: ${(error as Error).message}`));
    }
  }

  private start(packet: Buffer): void {
    switch (startupKind(packet)) {
      case 'encryption':
        this.socket.write(NO_ENCRYPTION);
        return;
      case 'cancel':
        // Statements run to their end in one go: there is never one to cancel.
        this.socket.end();
        return;
      case 'start':
        this.started = true;
        this.framer.startupDone();
        this.socket.write(greeting(this.id, this.serverVersion));
    }
  }

  private take(message: Buffer): void {
    const type = message[0];
    if (type === MESSAGE.terminate) {
      this.socket.end();
      return;
    }
    if (type === MESSAGE.flush) {
      this.submit(false);
      return;
    }
    this.unit.push(renameStatement(message, (name) => this.sharedName(name)));
    if (ENDS_UNIT.has(type)) this.submit(true);
  }

  private submit(complete: boolean): void {
    const messages = Buffer.concat(this.unit);
    this.unit = [];
    if (messages.length > 0) this.queue.add(this, messages, complete);
  }

  private sharedName(name: string): string {
    const known = this.statements.get(name);
    if (known !== undefined) return known;
    this.statementCount += 1;
    const shared = `${this.id}.${this.statementCount}`;
    this.statements.set(name, shared);
    return shared;
  }

  private close(): void {
    if (this.closed) return;
    this.closed = true;
    this.queue.remove(this, this.statements.values());
  }
}
