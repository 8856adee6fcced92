import type { TerminalRunStatus } from '../../engine/index.js';

/** A run ended in this process; told after the end is durable. */
export interface RunEnded {
  readonly runId: string;
  readonly status: TerminalRunStatus;
}

declare module '../../platform/events/event-bus.js' {
  interface EventMap {
    'run.ended': RunEnded;
  }
}
