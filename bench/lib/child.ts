import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { closedLoop } from './closed-loop.js';

/** What a child process of the bench can be asked to do. */
export type Methods = Readonly<Record<string, (params: never) => unknown>>;

export interface Request {
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
}

export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

// The peers' scripts live where their packages are and get this module by its address.
export { closedLoop };

/** What the parent wants this process to be. */
export function startParameters(): unknown {
  return JSON.parse(process.env['BENCH_PARAMETERS'] ?? '{}');
}

/** Serves the parent until it goes away. `ready` is told at once. */
export function serveParent(ready: unknown, methods: Methods): void {
  const all: Methods = { ...methods, ...PROFILING };
  process.on('message', (request: Request) => void answer(all, request));
  process.on('disconnect', () => process.exit(0));
  process.send?.({ id: 0, result: ready } satisfies Reply);
}

async function answer(methods: Methods, { id, method, params }: Request): Promise<void> {
  let reply: Reply;
  try {
    reply = { id, result: await methods[method]?.(params as never) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  if (process.connected) process.send?.(reply);
}

let session: Session | null = null;

/** Like `node --cpu-prof`, but of one round: neither the start nor the warm-up is in it. */
const PROFILING: Methods = {
  async startProfile({ intervalUs }: { intervalUs: number }) {
    session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: intervalUs });
    await session.post('Profiler.start');
  },
  async stopProfile({ file }: { file: string }) {
    if (session === null) throw new Error('no profile was started');
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    writeFileSync(file, JSON.stringify(profile));
  },
};
