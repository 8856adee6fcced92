import { createHash } from 'node:crypto';
import { isJsonObject, type Json, type JsonObject, type SerializedError } from '../../engine/index.js';
import type { StepRecord } from '../../modules/runs/index.js';
import { chained } from './hash-chain.js';

/** A step as MeshFlow's ledger has it. */
export interface MeshRecord {
  readonly id: number;
  readonly run_id: string;
  readonly step_id: string;
  readonly node_id: string;
  readonly node_kind: string;
  readonly input_task: string;
  readonly output_content: string;
  readonly verdict: 'commit' | 'reject' | 'escalate';
  readonly blocked: boolean;
  readonly block_reason: string;
  readonly uncertainty: number;
  readonly cost_usd: number;
  readonly tokens_used: number;
  readonly carbon_gco2: number;
  readonly duration_ms: number;
  readonly timestamp: string;
  readonly prev_hash: string;
  readonly entry_hash: string;
  readonly tenant_id: string;
  readonly metadata: JsonObject;
}

const INPUT_CHARACTERS = 500;

const KINDS: Readonly<Record<string, string>> = {
  'control.approval': 'human',
  'http.request': 'http',
  'workflow.run': 'subgraph',
  'tool.call': 'mcp',
};

/** How a failure begins that MeshFlow has a word for; any other is an exception of the node. */
const BLOCKS: Readonly<Record<string, string>> = {
  guardrail_blocked: 'guardian',
  budget_exceeded: 'budget:exceeded',
  rejected: 'dasc:rejected',
  approval_expired: 'dasc:rejected',
  timeout: 'step_timeout',
  deadline_exceeded: 'step_timeout',
};

/** The ledger of a run: what its nodes have come to, in the order they did, chained by their hashes. */
export function recordsOf(run: { readonly id: string; readonly tenant: string }, steps: readonly StepRecord[]): MeshRecord[] {
  const settled = steps.filter(
    ({ path, node_id, finished_at, status }) => finished_at !== null && status !== 'skipped' && isNodeStep(path, node_id),
  );
  return chained(settled.map((step, index) => recordOf(run, step, index + 1)));
}

/** Whether a path is a node's, of a graph or a state machine, and not of a step that a node takes. */
export function isNodeStep(path: string, nodeId: string): boolean {
  const names = path.split('/').map((part) => part.replace(/[[~#].*$/, ''));
  return names.indexOf(nodeId) === names.length - 1;
}

function recordOf(
  run: { readonly id: string; readonly tenant: string },
  step: StepRecord,
  id: number,
): Omit<MeshRecord, 'prev_hash' | 'entry_hash'> {
  const blocked = step.status !== 'success';
  const { tokens, cost_usd } = usageOf(step);
  return {
    id,
    run_id: run.id,
    step_id: stepIdOf(run.id, step.path),
    node_id: step.node_id,
    node_kind: kindOf(step.type),
    input_task: taskOf(step.inputs).slice(0, INPUT_CHARACTERS),
    output_content: blocked ? '' : contentOf(step.output),
    verdict: blocked ? 'reject' : 'commit',
    blocked,
    block_reason: blocked ? blockReason(step.error) : '',
    uncertainty: confidenceOf(blocked),
    cost_usd,
    tokens_used: tokens,
    carbon_gco2: 0,
    duration_ms: step.duration_ms ?? 0,
    timestamp: timestampOf(step.finished_at ?? new Date(0)),
    tenant_id: run.tenant,
    metadata: { path: step.path, node_type: step.type, attempt: step.attempt, tool_calls: toolCallsOf(step.output) },
  };
}

/** Eight hex digits that name a step. */
export function stepIdOf(runId: string, path: string): string {
  return createHash('sha256').update(`${runId}/${path}`).digest('hex').slice(0, 8);
}

export function kindOf(nodeType: Json | undefined): string {
  return (typeof nodeType === 'string' ? KINDS[nodeType] : undefined) ?? 'native';
}

/** What the original calls uncertainty is how sure a step is of what it did. Nothing measures that here: it was done, or not. */
export function confidenceOf(blocked: boolean): number {
  return blocked ? 0 : 1;
}

/** What people read of an output: an agent's answer, a text, or else its JSON. */
export function contentOf(output: Json | undefined): string {
  if (output === undefined || output === null) return '';
  if (typeof output === 'string') return output;
  if (isJsonObject(output) && typeof output['response'] === 'string') return output['response'];
  return JSON.stringify(output);
}

/** What models were paid for a step, also one that failed. */
export function usageOf({ output, error }: Pick<StepRecord, 'output' | 'error'>): { readonly tokens: number; readonly cost_usd: number } {
  const details = error?.details;
  const told = [output, details].find((value) => isJsonObject(value) && isJsonObject(value['usage'])) as JsonObject | undefined;
  const usage = told?.['usage'] as JsonObject | undefined;
  return { tokens: numberOf(usage?.['total_tokens']), cost_usd: numberOf(usage?.['cost_usd']) };
}

export function blockReason(error: Pick<SerializedError, 'code' | 'message'> | null): string {
  if (error === null) return 'cancelled';
  return `${BLOCKS[error.code] ?? `node_exception:${error.code}`}: ${error.message}`;
}

/** RFC 3339 with an offset, as Python writes it. */
export function timestampOf(at: Date): string {
  return at.toISOString().replace('Z', '+00:00');
}

/** What an agent was asked, what people were, or else all that the step was given. */
function taskOf(inputs: JsonObject | null): string {
  if (inputs === null) return '';
  const asked = [inputs['query'], inputs['message']].find((value) => typeof value === 'string');
  return asked ?? JSON.stringify(inputs);
}

function toolCallsOf(output: Json): Json {
  return isJsonObject(output) && Array.isArray(output['tool_calls']) ? output['tool_calls'] : [];
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}
