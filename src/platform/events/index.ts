export { EventBus, type EventMap, type EventName } from './event-bus.js';
export { EventsModule } from './events.module.js';
