import type { ApiClient } from '../support/index.js';
import { eventually } from '../support/runs.js';

/** One thing of every kind that a tenant can own, by the path parameter that names it: `/runs/{id}` → a run's id. */
export interface TenantWorld {
  /** Values for the parameter of every path that begins so. */
  readonly ids: Readonly<Record<string, string>>;
  /** Values for further parameters, by name: of things within things. */
  readonly parts: Readonly<Record<string, string>>;
  /** Texts that only this tenant's answers may hold. */
  readonly marks: readonly string[];
}

/** Bodies that are well-formed, so that a refusal is about whose thing it is and not about the body. */
export const BODIES: Readonly<Record<string, unknown>> = {
  createTrigger: { kind: 'webhook' },
  cancelRun: { reason: 'none of yours' },
  startRun: { inputs: {} },
  ingestDocuments: { documents: [{ text: 'none of yours' }] },
  queryCollection: { query: 'yours' },
  addFact: { text: 'none of yours' },
  executeTool: { input: {} },
  runAgent: { query: 'none of yours' },
  replaceAgent: { name: 'none-of-yours', model: { primary: { provider: 'scripted', model: 'm', rules: [{ reply: 'no' }] } } },
};

/** Of a server whose one operation is a tool. */
const OPERATIONS = { openapi: '3.1.0', paths: { '/ping': { get: { operationId: 'ping' } } } };

/** Query strings of operations that do not answer without one. */
export const QUERIES: Readonly<Record<string, string>> = { searchMemory: '?query=yours' };

/**
 * Fills a tenant. A module that adds things with an id adds one of them here; the isolation test fails on paths whose parameter
 * this does not know.
 */
export async function createWorld(admin: ApiClient, mark: string): Promise<TenantWorld> {
  const key = await create(admin, '/api-keys', { name: `${mark}-key`, role: 'viewer' });
  const workflow = await create(admin, '/workflows', {
    name: `${mark}/waits`,
    description: mark,
    nodes: [
      { id: 'say', type: 'debug.log', config: { message: mark } },
      { id: 'wait', type: 'time.delay', needs: ['say'], config: { delay_ms: 600_000 } },
      { id: 'ask', type: 'control.approval', config: { message: mark } },
    ],
  });
  const run = await create(admin, `/workflows/${workflow}/runs`, { tags: [mark] });
  const approval = await onlyApproval(admin, run);
  const artifact = await artifactOf(admin, mark);
  const webhook = await create(admin, '/webhooks', { url: `https://${mark}.example.com/`, enabled: false });
  const trigger = await create(admin, `/workflows/${workflow}/triggers`, { kind: 'webhook', name: mark });
  const agent = await create(admin, '/agents', {
    name: `${mark}-agent`,
    description: mark,
    memory: { conversational: {} },
    model: { primary: { provider: 'scripted', model: 'm', rules: [{ reply: mark }] } },
  });
  await create(admin, `/agents/${mark}-agent/run`, { query: mark, session_id: mark, subject: mark });
  const fact = await create(admin, `/memory/${mark}-agent/facts`, { text: mark, subject: mark });
  await create(admin, '/tools/servers', { name: mark, kind: 'openapi', base_url: `https://${mark}.example.com`, document: OPERATIONS });
  await admin.put(`/kv/${mark}/${mark}`, { value: mark });
  await create(admin, '/rag/collections', { name: mark });
  await create(admin, `/rag/collections/${mark}/documents`, { documents: [{ id: mark, text: mark }] });
  return {
    ids: {
      '/api/v1/agents/': agent,
      '/api/v1/api-keys/': key,
      '/api/v1/workflows/': workflow,
      '/api/v1/jobs/': `${mark}/waits`,
      '/api/v1/runs/': run,
      '/api/v1/approvals/': approval,
      '/api/v1/artifacts/': artifact,
      '/api/v1/triggers/': trigger,
      '/api/v1/webhooks/': webhook,
      '/api/v1/rag/collections/': mark,
      '/api/v1/tools/servers/': mark,
      '/api/v1/tools/': `${mark}_ping`,
      '/api/v1/kv/': `${mark}/${mark}`,
      '/api/v1/memory/': `${mark}-agent`,
    },
    parts: { session: mark, subject: mark, fact_id: fact, document_id: mark },
    marks: [mark, key, agent, workflow, run, approval, trigger, webhook],
  };
}

/** The artifact that an output becomes when it is too large for the journal. */
async function artifactOf(api: ApiClient, mark: string): Promise<string> {
  const workflow = await create(api, '/workflows', {
    name: `${mark}/large`,
    nodes: [{ id: 'make', type: 'transform.set', config: { values: { text: '{{ inputs.text }}' } } }],
  });
  const run = await create(api, `/workflows/${workflow}/runs`, { inputs: { text: mark.repeat(20_000) } });
  const { data } = await eventually(
    async () => (await api.get<{ data: { data: { output_ref?: { id: string } } }[] }>(`/runs/${run}/events`)).body,
    (page) => page.data.some((event) => event.data.output_ref !== undefined),
  );
  return data.find((event) => event.data.output_ref !== undefined)?.data.output_ref?.id ?? '';
}

/** The approval that a run asks for once it runs. */
async function onlyApproval(api: ApiClient, run: string): Promise<string> {
  const { data } = await eventually(
    async () => (await api.get<{ data: { id: string }[] }>('/approvals', { query: { run_id: run } })).body,
    (page) => page.data.length > 0,
  );
  return data[0]?.id ?? '';
}

async function create(api: ApiClient, path: string, body: unknown): Promise<string> {
  const answer = await api.post<{ id: string }>(path, body);
  if (answer.status < 200 || answer.status > 299) throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body.id;
}
