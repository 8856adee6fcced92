import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '../logging/index.js';

/**
 * The phases of a shutdown, in order:
 * - `stop-accepting`: nothing new begins; readiness says no, new requests get 503, no run is claimed;
 * - `drain`: what is under way may end by itself, as long as the drain time lasts;
 * - `stop-work`: what still runs is aborted and handed back;
 * - `close`: sockets, pools, files.
 */
export const SHUTDOWN_PHASES = ['stop-accepting', 'drain', 'stop-work', 'close'] as const;
export type ShutdownPhase = (typeof SHUTDOWN_PHASES)[number];

/** Ends one thing. `deadline` aborts when the phase's time is over; a hook that waits gives up then. */
export type ShutdownHook = (deadline: AbortSignal) => void | Promise<void>;

interface Registration {
  readonly phase: ShutdownPhase;
  readonly name: string;
  readonly hook: ShutdownHook;
}

/** Where everything that must end in order registers. Hooks of one phase run side by side; phases one after the other. */
@Injectable()
export class ShutdownRegistry {
  private readonly registrations: Registration[] = [];

  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  register(phase: ShutdownPhase, name: string, hook: ShutdownHook): void {
    this.registrations.push({ phase, name, hook });
  }

  /** Ends one phase within its time. A hook that fails or overruns is logged; it never keeps the others from running. */
  async run(phase: ShutdownPhase, limitMs: number): Promise<void> {
    const hooks = this.registrations.filter((registration) => registration.phase === phase);
    if (hooks.length === 0) return;
    const started = performance.now();
    const deadline = new AbortController();
    const open = new Set(hooks.map((registration) => registration.name));
    const timer = setTimeout(() => deadline.abort(new Error(`shutdown phase ${phase} took longer than ${limitMs} ms`)), limitMs);
    const all = Promise.all(
      hooks.map(async ({ name, hook }) => {
        try {
          await hook(deadline.signal);
        } catch (err) {
          if (!deadline.signal.aborted) this.logger.error({ phase, name, err }, 'shutdown hook failed');
        }
        open.delete(name);
      }),
    );
    await Promise.race([all, overrun(deadline.signal)]);
    clearTimeout(timer);
    const fields = { phase, duration_ms: Math.round(performance.now() - started) };
    if (open.size > 0) this.logger.warn({ ...fields, unfinished: [...open] }, 'shutdown phase ran out of time');
    else this.logger.info(fields, 'shutdown phase done');
  }
}

/** How long hooks may still use to give up once their deadline is over. */
const GIVE_UP_MS = 1_000;

async function overrun(deadline: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => deadline.addEventListener('abort', () => resolve(), { once: true }));
  await new Promise<void>((resolve) => setTimeout(resolve, GIVE_UP_MS).unref());
}
