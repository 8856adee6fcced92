import { uuidOfUlid } from '../../../src/compat/kit/index.js';
import { DialectClient } from '../support/http.js';
import { must, QUICK, SLOW, type SoakClient } from './soak-client.js';

export const flwd: SoakClient = (server) => {
  const client = new DialectClient(server.dialects['flwd'] ?? '', server.adminKey);
  return Promise.resolve(async (cancel) => {
    const body = { job_id: cancel ? SLOW.name : QUICK.name, async: true };
    const { run_id: id } = await client.post<{ run_id: string }>('/api/v1/runs', body, 202);
    let cancelled: Promise<unknown> | undefined;
    const messages = await client.events(`/api/v1/events/runs?run_id=${id}`, (so_far) => {
      if (cancel && so_far.some(({ event }) => event === 'run.output'))
        cancelled ??= client.post(`/api/v1/runs/${id}/cancel`, undefined, 200);
      return false;
    });
    await cancelled;
    const told = messages.at(-1)?.data['status'];
    const { status } = await client.get<{ status: string }>(`/api/v1/runs/${id}`);
    must(status === told, `the stream of ${id} ended with ${String(told)}, but it is ${status}`);
    must(status === (cancel ? 'cancelled' : 'success'), `${id} is ${status}`);
    return { runId: uuidOfUlid(id.slice('run_'.length)) ?? '', status };
  });
};
