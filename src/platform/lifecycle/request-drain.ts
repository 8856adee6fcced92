import type { Server, ServerResponse } from 'node:http';
import type { ShutdownRegistry } from './shutdown-registry.js';

/** Makes shutdown wait for the answers that are under way when it begins. */
export function drainRequests(server: Server, shutdown: ShutdownRegistry): void {
  const open = new Set<ServerResponse>();
  let idle = (): void => {};
  server.on('request', (_request, response: ServerResponse) => {
    open.add(response);
    response.once('close', () => {
      open.delete(response);
      if (open.size === 0) idle();
    });
  });
  shutdown.register('drain', 'requests', async (deadline) => {
    if (open.size === 0) return;
    await new Promise<void>((resolve) => {
      idle = resolve;
      deadline.addEventListener('abort', () => resolve(), { once: true });
    });
  });
}
