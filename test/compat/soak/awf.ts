import { DialectClient } from '../support/http.js';
import { must, QUICK, SLOW, type SoakClient } from './soak-client.js';

const STATUS: Readonly<Record<string, string>> = { completed: 'success', cancelled: 'cancelled' };

export const awf: SoakClient = (server) => {
  const client = new DialectClient(server.dialects['awf'] ?? '', server.adminKey);
  return Promise.resolve(async (cancel) => {
    const path = `/api/workflows/${cancel ? SLOW.name : QUICK.name}/run`;
    const { body } = await client.post<{ body: { execution_id: string } }>(path, { inputs: {} }, 202);
    const id = body.execution_id;
    let cancelled: Promise<unknown> | undefined;
    const messages = await client.events(`/api/executions/${id}/events`, (so_far) => {
      if (cancel && so_far.some(({ event }) => event === 'output'))
        cancelled ??= client.expect('DELETE', `/api/executions/${id}`, undefined, 204);
      return false;
    });
    await cancelled;
    const told = messages.at(-1)?.data['status'];
    const read = await client.get<{ body: { status: string } }>(`/api/executions/${id}`);
    must(read.body.status === told, `the stream of ${id} ended with ${String(told)}, but it is ${read.body.status}`);
    must(told === (cancel ? 'cancelled' : 'completed'), `${id} is ${told}`);
    return { runId: id, status: STATUS[read.body.status] ?? read.body.status };
  });
};
