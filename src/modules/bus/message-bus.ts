import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { WebSocket } from 'ws';
import { Notifier, PostgresListener } from '../../platform/database/index.js';
import { cutMessage, MessageAssembly } from './bus-frames.js';
import { BusMember } from './bus-member.js';

const CHANNEL = 'heddle_bus';

/** Longest message, in bytes. */
export const MAX_BUS_MESSAGE = 256 * 1024;

/**
 * Hands each text that one socket of a tenant sends to all others of it, on whatever process they are. Nothing is kept: who is not
 * there, or too slow, misses it. Between processes messages travel by NOTIFY, in pieces, and may be lost while a listening
 * connection is broken. The order of what one socket sends is kept.
 */
@Injectable()
export class MessageBus implements OnApplicationBootstrap {
  private readonly node = randomUUID();
  private readonly rooms = new Map<string, Set<BusMember>>();
  private readonly assembly = new MessageAssembly();

  constructor(
    private readonly listener: PostgresListener,
    private readonly notifier: Notifier,
  ) {}

  onApplicationBootstrap(): void {
    this.listener.listen(CHANNEL, (hint) => {
      const message = this.assembly.add(hint);
      if (message !== null && message.node !== this.node) this.deliver(message.tenant, message.text, null);
    });
  }

  /** Takes a socket in until it closes. */
  join(tenant: string, socket: WebSocket): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    const room = this.rooms.get(tenant) ?? new Set();
    const member: BusMember = new BusMember(
      socket,
      (text) => this.publish(tenant, text, member),
      () => {
        room.delete(member);
        if (room.size === 0 && this.rooms.get(tenant) === room) this.rooms.delete(tenant);
      },
    );
    room.add(member);
    this.rooms.set(tenant, room);
  }

  private publish(tenant: string, text: string, from: BusMember): void {
    this.deliver(tenant, text, from);
    for (const hint of cutMessage({ node: this.node, tenant, text })) this.notifier.hint(CHANNEL, hint);
  }

  /** To everybody but the sender. */
  private deliver(tenant: string, text: string, from: BusMember | null): void {
    for (const member of this.rooms.get(tenant) ?? []) if (member !== from) member.send(text);
  }
}
