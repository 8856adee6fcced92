import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A mail server that takes every message, without TLS. */
export class MailStub {
  /** With their headers. */
  readonly messages: string[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => this.talk(socket));

  static async start(): Promise<MailStub> {
    const stub = new MailStub();
    stub.server.listen(0, '127.0.0.1');
    await once(stub.server, 'listening');
    return stub;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private talk(socket: Socket): void {
    this.sockets.add(socket);
    let message: string[] | null = null;
    let rest = '';
    socket.on('error', () => {});
    socket.write('220 stub\r\n');
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString('utf8')).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (message !== null && line === '.') {
          this.messages.push(message.join('\n'));
          message = null;
          socket.write('250 taken\r\n');
        } else if (message !== null) message.push(line);
        else if (line === 'DATA') {
          message = [];
          socket.write('354 go on\r\n');
        } else if (line === 'QUIT') socket.end('221 bye\r\n');
        else socket.write(line === 'STARTTLS' ? '502 not here\r\n' : '250 fine\r\n');
      }
    });
  }
}
