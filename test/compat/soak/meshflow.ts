import { DialectClient } from '../support/http.js';
import { DialectSocket } from '../support/socket.js';
import { must, SLOW, type SoakClient } from './soak-client.js';

const STATUS: Readonly<Record<string, string>> = { done: 'success', cancelled: 'cancelled' };

/** Pushes tasks, which agents carry out, and slow workflows, which it cancels; follows them by socket until that is closed. */
export const meshflow: SoakClient = (server) => {
  const client = new DialectClient(server.dialects['meshflow'] ?? '', server.adminKey);
  return Promise.resolve(async (cancel) => {
    const payload = { task: 'What is 2 + 2?', ...(cancel ? { workflow: SLOW.name } : {}) };
    const { task_id: id } = await client.post<{ task_id: string }>('/queue/push', { payload }, 201);
    const socket = await DialectSocket.open(`${client.url}/ws/run/${id}`, server.adminKey);
    if (cancel) {
      await socket.until((frames) => frames.some(({ kind }) => kind === 'step_complete'));
      await client.expect('DELETE', `/queue/${id}/cancel`, undefined, 200);
    }
    await socket.closed;
    must(socket.frames.length > 0, `nothing was told of ${id}`);
    const task = await client.get<{ status: string }>(`/queue/${id}`);
    must(task.status === (cancel ? 'cancelled' : 'done'), `${id} is ${task.status}`);
    await client.get(`/runs/${id}`);
    return { runId: id, status: STATUS[task.status] ?? task.status };
  });
};
