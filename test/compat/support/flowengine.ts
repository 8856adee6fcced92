import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startApp, type TestApp } from '../../support/index.js';
import { DialectClient } from './http.js';
import { DialectSocket, type Frame } from './socket.js';

/** What FlowEngine's page calls examples/github_zen.json. */
export const GITHUB_ZEN = join(import.meta.dirname, '../../../examples/flowengine/github_zen.json');

export const NODE_1 = {
  id: 'node-1',
  node_type: 'http.request',
  config: { method: { type: 'String', value: 'GET' } },
  position: { x: 100, y: 100 },
};

export interface Executed {
  execution_id: string;
  completed_nodes: number;
  total_nodes: number;
}

export function link(from_node: string, from_port: string, to_node: string, to_port: string): object {
  return { from_node, from_port, to_node, to_port };
}

/** A node that runs a shell command. */
export function sh(id: string, command: string, more: object = {}): object {
  return { id, node_type: 'shell.exec', config: { command, shell: true, ...more } };
}

export function log(id: string): object {
  return { id, node_type: 'debug.log' };
}

/** A client of FlowEngine. */
export class FlowEngineClient extends DialectClient {
  async create(workflow: object): Promise<string> {
    return (await this.post<{ id: string }>('/api/workflows', { name: 'test', ...workflow }, 201)).id;
  }

  execute(id: string, inputs: object = {}): Promise<Executed> {
    return this.post<Executed>(`/api/workflows/${id}/execute`, { inputs }, 200);
  }

  /** Why an execution fails. */
  async failure(id: string, inputs: object = {}): Promise<string> {
    return (await this.post<{ error: string }>(`/api/workflows/${id}/execute`, { inputs }, 500)).error;
  }

  listen(query = ''): Promise<DialectSocket> {
    return DialectSocket.open(`${this.url}/api/events${query}`);
  }

  /** What is told of an execution, to its end. */
  async told(workflow: object, inputs: object = {}, end: 'success' | 'failure' = 'success'): Promise<readonly Frame[]> {
    const socket = await this.listen();
    const id = await this.create(workflow);
    if (end === 'success') await this.execute(id, inputs);
    else await this.failure(id, inputs);
    const ofIt = (frames: readonly Frame[]): Frame[] => {
      const start = frames.find((frame) => frame['type'] === 'WorkflowStarted' && frame['workflow_id'] === id);
      return frames.filter((frame) => frame['execution_id'] === start?.['execution_id']);
    };
    const frames = await socket.until((all) => ofIt(all).at(-1)?.['type'] === 'WorkflowCompleted');
    await socket.close();
    return ofIt(frames);
  }
}

export function outputsOf(frames: readonly Frame[], node: string): unknown {
  return frames.find((frame) => frame['type'] === 'NodeCompleted' && frame['node_id'] === node)?.['outputs'];
}

export function eventsOf(frames: readonly Frame[], node: string): unknown[] {
  return frames.filter((frame) => frame['type'] === 'NodeEvent' && frame['node_id'] === node).map((frame) => frame['event']);
}

/** A server that lets its clients do everything, and a website that it may ask. */
export interface FlowEngineWorld {
  readonly server: TestApp;
  readonly zen: string;
  /** Another server, which asks for keys and starts no processes. */
  strict(): Promise<TestApp>;
  close(): Promise<void>;
}

export async function startWorld(): Promise<FlowEngineWorld> {
  const website = createServer((request, response) => {
    response.setHeader('x-method', request.method ?? '');
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => response.end(body === '' ? 'Keep it logically awesome.' : body));
  });
  website.listen(0, '127.0.0.1');
  await once(website, 'listening');
  const { port } = website.address() as AddressInfo;
  const env = { HEDDLE_EGRESS_ALLOW: `127.0.0.1:${port}`, HEDDLE_COMPAT_PORTS: 'flowengine=0' };
  const server = await startApp({
    env: { ...env, HEDDLE_SHELL: 'all', HEDDLE_ANONYMOUS_ROLE: 'admin', HEDDLE_EXPRESSION_ENV: 'LANG' },
  });
  let strict: Promise<TestApp> | undefined;
  return {
    server,
    strict: () => (strict ??= startApp({ env })),
    zen: `http://127.0.0.1:${port}/zen`,
    async close() {
      await server.close();
      await (await strict)?.close();
      website.closeAllConnections();
      website.close();
    },
  };
}
