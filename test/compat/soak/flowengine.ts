import { DialectClient } from '../support/http.js';
import { DialectSocket } from '../support/socket.js';
import { must, type SoakClient } from './soak-client.js';

const WORKFLOW = { name: 'Soak', nodes: [{ id: 'say', node_type: 'debug.log', config: { message: 'on its way' } }] };

/** FlowEngine has no cancel, and its runs are over when it answers. */
export const flowengine: SoakClient = (server) => {
  const client = new DialectClient(server.dialects['flowengine'] ?? '', server.adminKey);
  return Promise.resolve(async () => {
    const socket = await DialectSocket.open(`${client.url}/api/events`, server.adminKey);
    const { id } = await client.post<{ id: string }>('/api/workflows', WORKFLOW, 201);
    const executed = await client.post<{ execution_id: string; completed_nodes: number }>(
      `/api/workflows/${id}/execute`,
      { inputs: {} },
      200,
    );
    const runId = executed.execution_id;
    const frames = await socket.until((all) => all.some(({ type, execution_id: of }) => of === runId && type === 'WorkflowCompleted'));
    const told = frames.filter(({ execution_id: of }) => of === runId);
    must(told[0]?.['type'] === 'WorkflowStarted', `the events of ${runId} begin with ${String(told[0]?.['type'])}`);
    must(told.at(-1)?.['success'] === true, `${runId} did not succeed`);
    await socket.close();
    await client.get(`/api/workflows/${id}`);
    await client.expect('DELETE', `/api/workflows/${id}`, undefined, 200);
    return { runId, status: 'success' };
  });
};
