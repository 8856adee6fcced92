import { StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { EgressClient } from '../../../platform/egress/index.js';
import { egressFetch } from '../../models/index.js';
import type { ToolServer } from './tool-server.js';

const RECONNECTION = { maxReconnectionDelay: 5_000, initialReconnectionDelay: 500, reconnectionDelayGrowFactor: 2, maxRetries: 2 } as const;

export interface TransportOptions {
  readonly egress: EgressClient;
  /** `PATH` of processes; nothing else of the server's environment reaches them. */
  readonly path: string;
  readonly directory: string;
  /** Fills in references to secrets. */
  resolve(text: string): string;
}

/** The way to an MCP server: through the guarded client, or a process of its own. */
export function transportTo(server: ToolServer, options: TransportOptions): Transport {
  const { settings, headers } = server;
  const filled = (texts: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, options.resolve(text)]));
  if (server.kind === 'stdio') {
    return new StdioClientTransport({
      command: settings.command ?? '',
      args: (settings.args ?? []).map((each) => options.resolve(each)),
      env: { PATH: options.path, ...filled(settings.env ?? {}) },
      cwd: options.directory,
      stderr: 'ignore',
    });
  }
  return new StreamableHTTPClientTransport(new URL(options.resolve(settings.url ?? '')), {
    fetch: withoutStandaloneStream(egressFetch(options.egress, settings.timeout_ms)),
    requestInit: { headers: filled(headers) },
    reconnectionOptions: RECONNECTION,
  });
}

/** No stream is held open for what a server might want to say by itself; a stream that broke off may be gone on with. */
function withoutStandaloneStream(send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const resumes = new Headers(init?.headers).has('last-event-id');
    if (init?.method === 'GET' && !resumes) return new Response(null, { status: 405 });
    return send(input, init);
  };
}
