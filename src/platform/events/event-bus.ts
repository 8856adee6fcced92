import { Injectable } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';

/**
 * Event name → payload, of everything that modules tell each other within the process. A module adds its own by
 * declaration merging: `declare module '…/platform/events/index.js' { interface EventMap { 'run.ended': RunEnded } }`.
 */
export interface EventMap {}

export type EventName = keyof EventMap;

/** The typed face of the shared emitter. Emit after the commit: a listener may act on what it hears. */
@Injectable()
export class EventBus {
  constructor(private readonly emitter: EventEmitter2) {}

  emit<N extends EventName>(name: N, payload: EventMap[N]): void {
    this.emitter.emit(name, payload);
  }

  /** Returns the function that stops listening. */
  on<N extends EventName>(name: N, listener: (payload: EventMap[N]) => void): () => void {
    this.emitter.on(name, listener);
    return () => {
      this.emitter.off(name, listener);
    };
  }
}
