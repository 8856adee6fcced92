import { isJsonObject, type JsonObject, type RunEvent } from '../../engine/index.js';
import { blockReason, confidenceOf, contentOf, isNodeStep, kindOf, usageOf } from './records.js';

export interface MeshEvent {
  readonly kind: string;
  /** The same as `kind`, by the name that the page has for it. */
  readonly event_type: string;
  readonly run_id: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly node_id: string;
  readonly data: object;
}

const TASK_CHARACTERS = 200;
const PREVIEW_CHARACTERS = 120;
/** Runs whose sums are kept at the same time by one stream. */
const MAX_RUNS = 2_000;

/** What a stream has told of a run. */
interface Tally {
  tokens: number;
  cost: number;
  readonly startedAt: number;
  readonly blocked: string[];
  readonly paused: Set<string>;
}

/** Tells what happens in MeshFlow's kinds. One for each stream: it sums up what it has told, for the event that ends a run. */
export class MeshEvents {
  private readonly tallies = new Map<string, Tally>();

  eventsOf(event: RunEvent, workflow: string): MeshEvent[] {
    const { data, step = '' } = event;
    const tally = this.tallies.get(event.run_id);
    const nodeId = typeof data['node_id'] === 'string' ? data['node_id'] : step;
    switch (event.type) {
      case 'run.created':
        this.begin(event);
        return [said(event, 'workflow_start', '', { workflow, task: taskOf(data).slice(0, TASK_CHARACTERS) })];
      case 'step.started':
        return isNodeStep(step, nodeId) ? [said(event, 'step_start', nodeId, { kind: kindOf(data['node_type']) })] : [];
      case 'step.completed':
      case 'step.failed':
        return isNodeStep(step, nodeId) ? [settled(event, nodeId, tally)] : [];
      case 'step.skipped':
        return isNodeStep(step, nodeId) ? [said(event, 'step_skipped', nodeId, {})] : [];
      case 'approval.requested':
        return paused(event, step, tally);
      case 'approval.decided':
        tally?.paused.delete(step);
        return [said(event, data['decision'] === 'approved' ? 'hitl_approved' : 'hitl_rejected', step, { ...data })];
      case 'run.completed':
      case 'run.failed':
      case 'run.cancelled':
        this.tallies.delete(event.run_id);
        return [ended(event, tally)];
      default:
        return [];
    }
  }

  private begin({ run_id, at }: RunEvent): void {
    const [oldest] = this.tallies.keys();
    if (this.tallies.size >= MAX_RUNS && oldest !== undefined) this.tallies.delete(oldest);
    this.tallies.set(run_id, { tokens: 0, cost: 0, startedAt: Date.parse(at), blocked: [], paused: new Set() });
  }
}

function settled(event: RunEvent, nodeId: string, tally: Tally | undefined): MeshEvent {
  const { data } = event;
  const error = isJsonObject(data['error']) ? (data['error'] as never) : null;
  const { tokens, cost_usd } = usageOf({ output: data['output'] ?? null, error });
  if (tally !== undefined) {
    tally.tokens += tokens;
    tally.cost += cost_usd;
  }
  if (event.type === 'step.failed') {
    tally?.blocked.push(nodeId);
    return said(event, 'step_blocked', nodeId, { blocked_by: blockReason(error), uncertainty: confidenceOf(true) });
  }
  const content_preview = contentOf(data['output']).slice(0, PREVIEW_CHARACTERS);
  return said(event, 'step_complete', nodeId, { tokens, cost_usd, uncertainty: confidenceOf(false), content_preview });
}

/** A run that waits for people says so in three ways; `run_id` and `approval_id` are what a decision needs. */
function paused(event: RunEvent, step: string, tally: Tally | undefined): MeshEvent[] {
  tally?.paused.add(step);
  const { message = '', approval_id: id = null } = event.data;
  const human_context = { reason: 'hitl_tier_threshold', node: step, message, approval_id: id };
  return [
    said(event, 'step_paused', step, { human_context, uncertainty: confidenceOf(false) }),
    said(event, 'hitl_required', step, { human_context }),
    said(event, 'checkpoint_saved', step, { paused_at: step }),
  ];
}

/** Sums are told by streams that have seen the beginning. */
function ended(event: RunEvent, tally: Tally | undefined): MeshEvent {
  const completed = event.type === 'run.completed';
  const sums =
    tally === undefined
      ? {}
      : {
          total_cost_usd: tally.cost,
          total_tokens: tally.tokens,
          duration_s: (Date.parse(event.at) - tally.startedAt) / 1_000,
          blocked_nodes: tally.blocked,
          paused_nodes: [...tally.paused],
        };
  const { error } = event.data;
  const why = completed || !isJsonObject(error) ? {} : { error: error['message'] ?? null };
  return said(event, completed ? 'workflow_complete' : 'workflow_failed', '', { completed, ...sums, ...why });
}

function said({ run_id, at }: RunEvent, kind: string, node_id: string, data: object): MeshEvent {
  return { kind, event_type: kind, run_id, timestamp: Date.parse(at) / 1_000, node_id, data };
}

/** What was asked: the task of a workflow of MeshFlow, the query of an agent, or else all inputs. */
function taskOf({ inputs }: JsonObject): string {
  if (!isJsonObject(inputs)) return '';
  const asked = [inputs['task'], inputs['query']].find((value) => typeof value === 'string');
  return asked ?? JSON.stringify(inputs);
}
