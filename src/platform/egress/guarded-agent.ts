import { isIP, type LookupFunction, type Socket } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { egressError } from './egress.errors.js';
import type { EgressPolicy } from './egress-policy.js';
import type { ResolvedAddress, Resolve } from './egress.types.js';

const CONNECTIONS_PER_ORIGIN = 32;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * A dispatcher whose every socket has passed the policy. The check sits where sockets are made, between name lookup and
 * connect, so that the address that was checked is the address that is connected to: a name that answers differently the
 * second time gains nothing, and no caller can forget the check.
 */
export function guardedAgent(policy: EgressPolicy, resolve: Resolve): Agent {
  const connectors = new Map<number, buildConnector.connector>();

  const connectorOf = (port: number): buildConnector.connector => {
    let connector = connectors.get(port);
    if (connector === undefined) {
      connector = buildConnector({ timeout: CONNECT_TIMEOUT_MS, allowH2: false, lookup: guardedLookup(policy, resolve, port) });
      connectors.set(port, connector);
    }
    return connector;
  };

  const connect: buildConnector.connector = (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '');
    const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
    // Node never looks a literal address up, so it is judged here.
    if (isIP(host) !== 0 && !policy.permitsAddress(host, port) && !policy.trustsName(host, port)) {
      callback(refused(host), null);
      return;
    }
    connectorOf(port)(options, (error, socket) => {
      if (error !== null) return callback(error, null);
      if (isPermitted(policy, socket, host, port)) return callback(null, socket);
      socket.destroy();
      return callback(refused(host), null);
    });
  };

  return new Agent({
    connect,
    connections: CONNECTIONS_PER_ORIGIN,
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
    clientTtl: 300_000,
    maxHeaderSize: 32 * 1024,
    // Time is limited by the caller's deadline, body included.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  });
}

function isPermitted(policy: EgressPolicy, socket: Socket, host: string, port: number): boolean {
  return policy.trustsName(host, port) || (socket.remoteAddress !== undefined && policy.permitsAddress(socket.remoteAddress, port));
}

/** A `net.connect` lookup that hands on permitted addresses only. */
function guardedLookup(policy: EgressPolicy, resolve: Resolve, port: number): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        const permitted = policy.trustsName(hostname, port) ? found : found.filter(({ address }) => policy.permitsAddress(address, port));
        const first = permitted[0];
        if (first === undefined) return callback(found.length === 0 ? notFound(hostname) : refused(hostname), '', 0);
        return options.all === true ? callback(null, [...permitted] as ResolvedAddress[]) : callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), '', 0),
    );
  };
}

function refused(host: string): Error {
  return egressError(
    'egress_refused',
    `requests to ${host} are not allowed: it is not on the public internet and HEDDLE_EGRESS_ALLOW does not list it`,
  );
}

function notFound(hostname: string): Error {
  return egressError('dns_failed', `the name could not be resolved (${hostname}): no address`);
}
