import { Injectable } from '@nestjs/common';
import type { GraphDefinition } from '../../engine/index.js';
import { type RunDto, StartRunService } from '../runs/index.js';
import { WorkflowStore } from '../workflows/index.js';
import { RAG_INDEX } from './nodes/rag-index.node.js';
import type { Collection } from './rag.types.js';

/** What no workflow and no agent can be called. */
const NAME = 'rag:index';

/** Of the documents a run knows only the ids: their texts are kept by the collection. */
const DEFINITION: GraphDefinition = {
  name: NAME,
  description: 'Makes documents of a collection findable',
  inputs: {
    type: 'object',
    additionalProperties: false,
    required: ['collection', 'documents', 'documents_unchanged'],
    properties: {
      collection: { type: 'string' },
      documents: { type: 'array', items: { type: 'string' } },
      documents_unchanged: { type: 'integer' },
    },
  },
  nodes: [
    {
      id: 'index',
      type: RAG_INDEX,
      config: { collection: '{{ inputs.collection }}', documents: '{{ inputs.documents }}' },
      retry: { max_attempts: 5, backoff: 'exponential', initial_delay_ms: 1_000, multiplier: 4, max_delay_ms: 60_000, jitter: true },
    },
  ],
  outputs: {
    documents_ingested: '{{ nodes.index.output.documents_ingested }}',
    chunks_created: '{{ nodes.index.output.chunks_created }}',
    documents_unchanged: '{{ inputs.documents_unchanged }}',
  },
};

/** Large ingests as runs: they tell how far they are, can be cancelled, and go on where a process died. */
@Injectable()
export class IngestRuns {
  constructor(
    private readonly workflows: WorkflowStore,
    private readonly starter: StartRunService,
  ) {}

  /** Starts the run that indexes the documents of these ids. `id`: reserved for it. */
  async start(
    { tenant, name: collection }: Collection,
    documents: readonly string[],
    unchanged: number,
    id: string | undefined,
  ): Promise<RunDto> {
    const name = { namespace: '', name: NAME };
    const { workflowId, version } = await this.workflows.store({
      tenant,
      kind: 'internal',
      name,
      definition: DEFINITION,
      createdBy: null,
      origin: null,
    });
    const inputs = { collection, documents: [...documents], documents_unchanged: unchanged };
    return this.starter.start({
      tenant,
      keyId: null,
      kind: 'internal',
      workflow: workflowId,
      version,
      inputs,
      trigger: 'api',
      tags: ['rag'],
      id,
    });
  }
}
