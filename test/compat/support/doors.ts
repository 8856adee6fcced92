import type { TestApp } from '../../support/index.js';
import { DialectClient } from './http.js';
import { DialectSocket } from './socket.js';

/** What a dialect lets its clients do with runs, whoever started them. Ids are those of our own API, statuses in the dialect's words. */
export interface Door {
  /** Starts a run of a workflow. Some answer when it is over only. */
  start(workflow: string): Promise<unknown>;
  /** Listens to a run from now on; the promise within is its status at its end. */
  follow?(id: string): Promise<{ readonly ended: Promise<unknown> }>;
  cancel?(id: string): Promise<unknown>;
  status?(id: string): Promise<unknown>;
  /** How the dialect calls what is cancelled. */
  readonly cancelled: unknown;
}

/** The last message's status, once a stream has ended. */
async function lastStatus(client: DialectClient, path: string): Promise<unknown> {
  return (await client.events(path)).at(-1)?.data['status'];
}

function flwd(client: DialectClient): Door {
  return {
    start: (workflow) => client.post('/api/v1/runs', { job_id: workflow, async: true }, 202),
    follow: (id) => Promise.resolve({ ended: lastStatus(client, `/api/v1/events/runs?run_id=${id}`) }),
    cancel: (id) => client.post(`/api/v1/runs/${id}/cancel`, undefined, 200),
    status: async (id) => (await client.get(`/api/v1/runs/${id}`))['status'],
    cancelled: 'cancelled',
  };
}

function flwdRoot(client: DialectClient): Door {
  return {
    start: (workflow) => client.post('/runs', { job_id: workflow }, 201),
    follow: (id) => Promise.resolve({ ended: lastStatus(client, `/runs/${id}/events`) }),
    cancel: (id) => client.post(`/runs/${id}:cancel`, undefined, 202),
    status: async (id) => (await client.get(`/runs/${id}`))['status'],
    cancelled: 'canceled',
  };
}

function awf(client: DialectClient): Door {
  return {
    start: (workflow) => client.post(`/api/workflows/${workflow}/run`, { inputs: {} }, 202),
    follow: (id) => Promise.resolve({ ended: lastStatus(client, `/api/executions/${id}/events`) }),
    cancel: (id) => client.expect('DELETE', `/api/executions/${id}`, undefined, 204),
    status: async (id) => (await client.get<{ body: { status: string } }>(`/api/executions/${id}`)).body.status,
    cancelled: 'cancelled',
  };
}

function flowengine(client: DialectClient, key: string): Door {
  return {
    start: (workflow) => client.send('POST', `/api/workflows/${encodeURIComponent(workflow)}/execute`, { inputs: {} }),
    follow: async (id) => {
      const socket = await DialectSocket.open(`${client.url}/api/events?execution_id=${id}`, key);
      const ended = async (): Promise<unknown> => {
        const frames = await socket.until((all) => all.some(({ type }) => type === 'WorkflowCompleted'));
        await socket.close();
        return frames.at(-1)?.['success'];
      };
      return { ended: ended() };
    },
    cancelled: false,
  };
}

function meshflow(client: DialectClient, key: string): Door {
  return {
    start: (workflow) => client.post('/queue/push', { payload: { task: 'Wait', workflow } }, 201),
    follow: async (id) => {
      const socket = await DialectSocket.open(`${client.url}/ws/run/${id}`, key);
      const ended = async (): Promise<unknown> => {
        await socket.closed;
        return client.get<{ status: string }>(`/runs/${id}/summary`).then(({ status }) => status);
      };
      return { ended: ended() };
    },
    status: async (id) => (await client.get(`/runs/${id}/summary`))['status'],
    cancelled: 'aborted',
  };
}

function astromesh(client: DialectClient): Door {
  return {
    start: (workflow) => client.send('POST', `/v1/workflows/${encodeURIComponent(workflow)}/run`, {}),
    status: async (id) => (await client.get(`/v1/workflows/runs/${id}`))['status'],
    cancelled: 'cancelled',
  };
}

function native(client: DialectClient): Door {
  const typeAtEnd = async (id: string): Promise<unknown> => (await client.events(`/runs/${id}/events`)).at(-1)?.data['type'];
  return {
    start: (workflow) => client.post(`/workflows/${encodeURIComponent(workflow)}/runs`, {}, 202),
    follow: (id) => Promise.resolve({ ended: typeAtEnd(id).then((type) => (type === 'run.cancelled' ? 'cancelled' : type)) }),
    cancel: (id) => client.post(`/runs/${id}/cancel`, {}, 202),
    status: async (id) => (await client.get(`/runs/${id}`))['status'],
    cancelled: 'cancelled',
  };
}

/** Every way into a server. */
export function doorsOf({ url, adminKey }: TestApp): Readonly<Record<string, Door>> {
  const clientOf = (path: string): DialectClient => new DialectClient(`${url}${path}`, adminKey);
  return {
    native: native(clientOf('/api/v1')),
    astromesh: astromesh(clientOf('/compat/astromesh')),
    awf: awf(clientOf('/compat/awf')),
    flowengine: flowengine(clientOf('/compat/flowengine'), adminKey),
    flwd: flwd(clientOf('/compat/flwd')),
    'the root of flwd': flwdRoot(clientOf('/compat/flwd')),
    meshflow: meshflow(clientOf('/compat/meshflow'), adminKey),
  };
}
