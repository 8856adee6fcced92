import { closeStatement, finalStatus, query, SYNC } from './wire.js';

/** The one session of the embedded database: takes frontend messages, gives back all that the backend answers. */
export interface Session {
  execute(messages: Buffer): Buffer;
}

/** A client of the queue. */
export interface SessionClient {
  answer(bytes: Buffer): void;
  /** The client held a transaction open without using it for too long; it is rolled back already. */
  expel(): void;
}

interface Unit {
  readonly client: SessionClient;
  readonly messages: Buffer;
  /** Ends with Sync or is a simple query: the backend answers it with ReadyForQuery. */
  readonly complete: boolean;
}

/**
 * The backend did not finish a batch as the protocol asks: it is gone, and nothing it still holds can be trusted.
 * Nobody catches it, so it ends the thread and the launcher starts another.
 */
export class SessionLostError extends Error {
  override readonly name = 'SessionLostError';
}

/**
 * Shares one database session between many connections.
 *
 * A unit, everything of one client up to a Sync or one simple query, is executed without another client's message in
 * between: the unnamed statement, the unnamed portal and the skip-until-Sync state after an error all live in the session.
 * For the same reason a client whose unit leaves a transaction open owns the session until that transaction ends; the
 * others wait, as they would wait for its locks. An owner that does nothing for `idleInTransactionMs` is rolled back.
 */
export class SessionQueue {
  private readonly waiting: Unit[] = [];
  private owner: SessionClient | null = null;
  private ownerTimer: NodeJS.Timeout | null = null;
  private scheduled = false;

  private readonly session: Session;
  private readonly idleInTransactionMs: number;

  constructor(session: Session, idleInTransactionMs: number) {
    this.session = session;
    this.idleInTransactionMs = idleInTransactionMs;
  }

  add(client: SessionClient, messages: Buffer, complete: boolean): void {
    this.waiting.push({ client, messages, complete });
    this.schedule();
  }

  /** Forgets a client: what it has not run is dropped, its open transaction rolled back, its statements closed. */
  remove(client: SessionClient, statements: Iterable<string>): void {
    for (let at = this.waiting.length - 1; at >= 0; at -= 1) if (this.waiting[at]?.client === client) this.waiting.splice(at, 1);
    if (this.owner === client) this.abandon();
    const closing = [...statements].map(closeStatement);
    if (closing.length > 0) this.add(nobody, Buffer.concat([...closing, SYNC]), true);
    else this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // One unit per turn of the loop, so that sockets are read and answers leave between them.
    setImmediate(() => {
      this.scheduled = false;
      const unit = this.take();
      if (unit === null) return;
      this.run(unit);
      if (this.waiting.length > 0) this.schedule();
    });
  }

  private take(): Unit | null {
    const at = this.owner === null ? 0 : this.waiting.findIndex((unit) => unit.client === this.owner);
    return this.waiting.splice(at, at < 0 ? 0 : 1)[0] ?? null;
  }

  private run(unit: Unit): void {
    const answer = this.session.execute(unit.messages);
    const status = finalStatus(answer);
    if (unit.complete && status === null) throw new SessionLostError('the database gave no final answer');
    this.own(status === 'I' ? null : unit.client);
    unit.client.answer(answer);
  }

  private own(client: SessionClient | null): void {
    if (this.ownerTimer !== null) clearTimeout(this.ownerTimer);
    this.ownerTimer = null;
    this.owner = client;
    if (client === null || this.waiting.some((unit) => unit.client === client)) return;
    this.ownerTimer = setTimeout(() => {
      this.abandon();
      client.expel();
      this.schedule();
    }, this.idleInTransactionMs);
  }

  /** Ends whatever the owner left open. Sync first: it may have stopped in the middle of a batch. */
  private abandon(): void {
    this.session.execute(SYNC);
    this.session.execute(query('ROLLBACK'));
    this.own(null);
  }
}

const nobody: SessionClient = { answer() {}, expel() {} };
