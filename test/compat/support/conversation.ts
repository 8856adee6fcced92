import { eventually } from '../../support/runs.js';

/** A frame of a conversation over a WebSocket. */
interface Frame {
  readonly type: string;
  readonly [member: string]: unknown;
}

const LIMIT_MS = 30_000;

/** A client as a browser has it: the key goes as a subprotocol, since it can set no headers. */
export class Conversation {
  private readonly frames: Frame[] = [];

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => this.frames.push(JSON.parse(String(data)) as Frame));
  }

  static async open(url: string, key: string): Promise<Conversation> {
    const socket = new WebSocket(url, ['bearer', key]);
    const conversation = new Conversation(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), { once: true });
      socket.addEventListener('error', () => reject(new Error(`${url} was not opened`)), { once: true });
    });
    return conversation;
  }

  ask(question: object): void {
    this.send(JSON.stringify(question));
  }

  send(text: string): void {
    this.socket.send(text);
  }

  /** All frames so far, once there are so many of this type. */
  until(type: string, count = 1): Promise<readonly Frame[]> {
    return eventually(
      () => Promise.resolve([...this.frames]),
      (frames) => frames.filter((frame) => frame.type === type).length >= count,
      LIMIT_MS,
    );
  }

  close(): void {
    this.socket.close();
  }
}
