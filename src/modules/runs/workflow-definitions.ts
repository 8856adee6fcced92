import type { CompiledGraph } from '../../engine/graph/compiled-graph.js';
import type { Definitions, StoredDefinition } from '../../engine/ports/definitions.js';

/** What runs need of workflows. */
export abstract class WorkflowDefinitions implements Definitions {
  abstract byVersionId(...parameters: Parameters<Definitions['byVersionId']>): ReturnType<Definitions['byVersionId']>;
  abstract resolve(...parameters: Parameters<Definitions['resolve']>): ReturnType<Definitions['resolve']>;
  abstract prepareInputs(...parameters: Parameters<Definitions['prepareInputs']>): ReturnType<Definitions['prepareInputs']>;
  abstract compiled(definition: StoredDefinition): CompiledGraph;
}
