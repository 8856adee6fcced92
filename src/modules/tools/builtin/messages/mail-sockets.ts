import { lookup } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import { StepError } from '../../../../engine/index.js';
import { EgressPolicy } from '../../../../platform/egress/index.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** Connections to mail servers, under the same guard as HTTP: the address that was judged is the one that is connected to. */
@Injectable()
export class MailSockets {
  constructor(private readonly policy: EgressPolicy) {}

  /** Throws `StepError`: `egress_refused`, `dns_failed`, `connect_failed`. */
  async connect(host: string, port: number, signal: AbortSignal): Promise<Socket> {
    const found = await lookup(host, { all: true }).catch((cause: unknown) => {
      throw new StepError('dns_failed', `the name could not be resolved (${host})`, { cause });
    });
    const trusted = this.policy.trustsName(host, port);
    const permitted = found.find(({ address }) => trusted || this.policy.permitsAddress(address, port));
    if (permitted === undefined) {
      throw new StepError(
        'egress_refused',
        `connections to ${host} are not allowed: it is not on the public internet and HEDDLE_EGRESS_ALLOW does not list it`,
        { retryable: false },
      );
    }
    return opened(connect({ host: permitted.address, port, signal, timeout: CONNECT_TIMEOUT_MS }), host);
  }
}

function opened(socket: Socket, host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const fail = (cause?: unknown): void => {
      socket.destroy();
      reject(new StepError('connect_failed', `no connection could be made (${host})`, { cause }));
    };
    socket.once('error', fail).once('timeout', fail);
    socket.once('connect', () => {
      socket.off('error', fail).off('timeout', fail).setTimeout(0);
      resolve(socket);
    });
  });
}
