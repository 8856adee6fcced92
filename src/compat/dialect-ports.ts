import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { DialectName, HeddleConfig } from '../config/index.js';
import { pathOfDialect } from '../platform/http/dialect.js';
import type { EdgeAdapter } from '../platform/http/edge.adapter.js';
import { upgradeUrl } from '../platform/http/upgrade-url.js';
import { ShutdownRegistry } from '../platform/lifecycle/index.js';

/**
 * Opens a port for each dialect that has one. There it answers at the root: every URL means the one below the dialect's path, so
 * that nothing else of the server can be reached. `prepare` makes each server like the main one. Answers with the ports.
 */
export async function listenOnDialectPorts(
  app: NestExpressApplication,
  { http: { dialectPorts, host } }: HeddleConfig,
  prepare: (server: Server) => void,
): Promise<Partial<Record<DialectName, number>>> {
  const main: Server = app.getHttpServer();
  const ports: Partial<Record<DialectName, number>> = {};
  for (const [name, port] of Object.entries(dialectPorts) as [DialectName, number][]) {
    const below = (url: string): string => `${pathOfDialect(name)}${url.startsWith('/') ? url : '/'}`;
    const server = (app.getHttpAdapter() as unknown as EdgeAdapter).createSideServer(below);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // Gateways are found by resolved paths, and dots must not lead out of the dialect's.
      const { pathname, search } = upgradeUrl(request.url);
      request.url = below(`${pathname}${search}`);
      main.emit('upgrade', request, socket, head);
    });
    prepare(server);
    app.get(ShutdownRegistry).register('close', `port of ${name}`, () => close(server));
    server.listen(port, host);
    await once(server, 'listening');
    ports[name] = (server.address() as AddressInfo).port;
  }
  return ports;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
