export { BusModule } from './bus.module.js';
/** Takes sockets in, also those of other entrances. */
export { MAX_BUS_MESSAGE, MessageBus } from './message-bus.js';
