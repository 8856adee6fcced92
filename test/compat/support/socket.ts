import { eventually } from '../../support/runs.js';

export type Frame = Record<string, unknown>;

/** A WebSocket as a browser has it, and the JSON messages that came. */
export class DialectSocket {
  readonly frames: Frame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(readonly socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => this.frames.push(JSON.parse(String(data)) as Frame));
    this.closed = new Promise((resolve) => {
      socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }));
    });
  }

  /** Open, with the key as browsers can send one. Rejects when it is refused. */
  static async open(url: string, key?: string): Promise<DialectSocket> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), key === undefined ? [] : ['bearer', key]);
    const opened = new DialectSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error(`no socket at ${url}`)));
    });
    return opened;
  }

  /** All messages so far, once they are as wished. */
  async until(wish: (frames: readonly Frame[]) => boolean): Promise<readonly Frame[]> {
    return eventually(() => Promise.resolve(this.frames), wish, 30_000);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}
