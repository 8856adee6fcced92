import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The two sockets of one connection. */
interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** The next answer is swallowed and the connection broken. */
  doomed: boolean;
}

/** Which answers are lost: every `every`-th to a request in which the text occurs. */
interface CutRule {
  readonly text: string;
  readonly every: number;
  seen: number;
}

/** A TCP proxy in front of a database that loses answers: the server did what it was asked, the client never hears of it. */
export class CuttingProxy {
  /** Connections broken so far, by the text that chose them. */
  readonly cuts: Record<string, number> = {};
  private readonly links = new Set<Link>();
  private rules: CutRule[] = [];

  private constructor(
    private readonly listener: Server,
    private readonly target: { readonly host: string; readonly port: number },
    private readonly targetUrl: string,
  ) {
    listener.on('connection', (client) => this.link(client));
  }

  static async start(databaseUrl: string): Promise<CuttingProxy> {
    const { hostname, port } = new URL(databaseUrl);
    const listener = createServer({ noDelay: true });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new CuttingProxy(listener, { host: hostname, port: port === '' ? 5432 : Number(port) }, databaseUrl);
  }

  /** The database as it is reached through the proxy. */
  get url(): string {
    const url = new URL(this.targetUrl);
    url.hostname = '127.0.0.1';
    url.port = String((this.listener.address() as AddressInfo).port);
    return url.href;
  }

  /** From now on loses every so-manieth answer to requests with these texts. */
  loseAnswers(every: Readonly<Record<string, number>>): void {
    this.rules = Object.entries(every).map(([text, number]) => ({ text, every: number, seen: 0 }));
  }

  /** Breaks every open connection at once; what the server is doing for them it goes on doing. */
  breakAll(): void {
    for (const link of this.links) this.break(link);
  }

  async stop(): Promise<void> {
    this.listener.close();
    this.breakAll();
    await once(this.listener, 'close');
  }

  private link(client: Socket): void {
    const link: Link = { client, server: connect({ ...this.target, noDelay: true }), doomed: false };
    this.links.add(link);
    client.on('data', (chunk) => {
      this.judge(link, chunk);
      link.server.write(chunk);
    });
    // The database answers a statement only when its commit is done.
    link.server.on('data', (chunk) => {
      if (link.doomed) this.break(link);
      else client.write(chunk);
    });
    for (const socket of [client, link.server]) socket.on('error', () => {}).on('close', () => this.break(link));
  }

  private judge(link: Link, chunk: Buffer): void {
    for (const rule of this.rules) {
      if (!chunk.includes(rule.text)) continue;
      rule.seen += 1;
      if (rule.seen % rule.every !== 0) continue;
      this.cuts[rule.text] = (this.cuts[rule.text] ?? 0) + 1;
      link.doomed = true;
    }
  }

  private break(link: Link): void {
    if (!this.links.delete(link)) return;
    link.client.resetAndDestroy();
    link.server.destroy();
  }
}
