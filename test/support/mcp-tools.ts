import { setTimeout as delay } from 'node:timers/promises';
import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** What calls of the server's tools have come to so far. */
export interface McpCalls {
  calls: string[];
  /** Calls that were told to stop. */
  stopped: number;
}

/** A server as others write them, with the SDK. */
export function exampleServer(seen: McpCalls): McpServer {
  const server = new McpServer({ name: 'example', version: '1.0.0' });
  server.registerTool(
    'add',
    {
      description: 'Adds numbers',
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      outputSchema: z.object({ sum: z.number() }),
      annotations: { readOnlyHint: true },
    },
    ({ a, b }) => {
      seen.calls.push('add');
      return { content: [{ type: 'text', text: String(a + b) }], structuredContent: { sum: a + b } };
    },
  );
  server.registerTool('say.hello', { description: 'Greets', inputSchema: z.object({ name: z.string() }) }, ({ name }) => {
    seen.calls.push('say.hello');
    return { content: [{ type: 'text', text: `Hello ${name}` }] };
  });
  server.registerTool('fail', { description: 'Fails' }, () => {
    seen.calls.push('fail');
    return { content: [{ type: 'text', text: 'no threads left' }], isError: true };
  });
  server.registerTool('stall', { description: 'Takes for ever' }, async (context) => {
    seen.calls.push('stall');
    const { signal } = (context as { mcpReq: { signal: AbortSignal } }).mcpReq;
    await delay(600_000, undefined, { signal, ref: false }).catch(() => (seen.stopped += 1));
    return { content: [] };
  });
  return server;
}
