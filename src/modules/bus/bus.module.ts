import { Module } from '@nestjs/common';
import { BusGateway } from './bus.gateway.js';
import { MessageBus } from './message-bus.js';

/** Messages between clients of a tenant. */
@Module({ providers: [MessageBus, BusGateway], exports: [MessageBus] })
export class BusModule {}
