import { WebSocket } from 'ws';

/** Bytes that may wait for a peer. One that is further behind is dropped: the bus keeps no messages. */
const BUFFER_BYTES = 1024 * 1024;
const PING_MS = 15_000;
const CLOSE_TOO_SLOW = 1013;

/** One socket on the bus. */
export class BusMember {
  private alive = true;
  private readonly pinger: NodeJS.Timeout;

  constructor(
    private readonly socket: WebSocket,
    onText: (text: string) => void,
    onLeave: () => void,
  ) {
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) onText(data.toString('utf8'));
    });
    socket.on('pong', () => (this.alive = true));
    socket.on('error', () => socket.terminate());
    this.pinger = setInterval(() => this.ping(), PING_MS);
    socket.once('close', () => {
      clearInterval(this.pinger);
      onLeave();
    });
  }

  send(text: string): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (this.socket.bufferedAmount > BUFFER_BYTES) this.drop();
    else this.socket.send(text);
  }

  private drop(): void {
    this.socket.close(CLOSE_TOO_SLOW, 'slow_reader');
    // A peer that reads nothing never answers the closing handshake.
    setTimeout(() => this.socket.terminate(), PING_MS).unref();
  }

  private ping(): void {
    if (!this.alive) return this.socket.terminate();
    this.alive = false;
    this.socket.ping();
  }
}
