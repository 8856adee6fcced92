import { Injectable } from '@nestjs/common';

/** A peer of a socket that is told what happens. */
export interface Listener {
  readonly tenant: string;
  /** Null: it is told of all executions. */
  readonly execution: string | null;
}

interface Telling {
  /** Who has yet to be told. */
  readonly waiting: Set<Listener>;
  readonly over: PromiseWithResolvers<void>;
}

/** Word that the end of an execution was told. */
export interface EndTold {
  /** Settles when everybody was told who listened at the beginning and still does, or when the time is over. */
  within(ms: number): Promise<void>;
  forget(): void;
}

/**
 * Who listens to events at this process. FlowEngine tells the end of an execution before it answers the request for it, and events
 * come from the log of all nodes: so the answer waits for those who listen here, but for none that is slow.
 */
@Injectable()
export class FlowEngineAudience {
  private readonly listeners = new Set<Listener>();
  private readonly tellings = new Map<string, Telling>();

  /** Answers with how to leave. */
  join(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      for (const telling of this.tellings.values()) settle(telling, listener);
    };
  }

  /** The end of an execution has been told to a listener. */
  told(listener: Listener, execution: string): void {
    const telling = this.tellings.get(execution);
    if (telling !== undefined) settle(telling, listener);
  }

  /** Begins to look out for the end of an execution that is about to begin. */
  expectEnd(tenant: string, execution: string): EndTold {
    const listening = [...this.listeners].filter((each) => each.tenant === tenant && (each.execution ?? execution) === execution);
    const telling: Telling = { waiting: new Set(listening), over: Promise.withResolvers<void>() };
    this.tellings.set(execution, telling);
    if (listening.length === 0) telling.over.resolve();
    return {
      within: async (ms) => {
        const timer = setTimeout(() => telling.over.resolve(), ms);
        await telling.over.promise;
        clearTimeout(timer);
      },
      forget: () => void this.tellings.delete(execution),
    };
  }
}

function settle({ waiting, over }: Telling, listener: Listener): void {
  waiting.delete(listener);
  if (waiting.size === 0) over.resolve();
}
