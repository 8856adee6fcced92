import { isJsonObject, type RunEvent } from '../../engine/index.js';
import { blockReason, confidenceOf, contentOf, isNodeStep, stepIdOf, usageOf } from './records.js';
import { outputOf } from './summaries.js';

const OUTPUT_CHARACTERS = 500;
const ORCHESTRATOR = { agent_id: 'orchestrator', role: 'orchestrator' } as const;

/** Tells a run as the lines of `/stream`. One for each stream: it counts what it has told. */
export class StreamLines {
  private steps = 0;
  private tokens = 0;
  private cost = 0;

  linesOf(event: RunEvent): object[] {
    const nodeId = String(event.data['node_id'] ?? '');
    switch (event.type) {
      case 'token':
        return this.tokenLine(event);
      case 'step.completed':
      case 'step.failed':
        return event.step !== undefined && isNodeStep(event.step, nodeId) ? [this.stepLine(event, nodeId)] : [];
      case 'approval.requested':
        return [
          { kind: 'step_paused', agent_id: event.step, role: event.step, step: this.steps + 1, run_id: event.run_id, approval: event.data },
        ];
      case 'run.completed':
        return [{ kind: 'run_complete', ...ORCHESTRATOR, ...this.totals(''), output: outputOf(event.data['outputs'] ?? null) }];
      case 'run.failed':
      case 'run.cancelled':
        return [{ kind: 'error', error: errorOf(event), run_id: event.run_id, ...this.totals(event.type) }];
      default:
        return [];
    }
  }

  private tokenLine({ data, step = '', run_id }: RunEvent): object[] {
    const { text } = data;
    const [node = ''] = step.split('/');
    return typeof text === 'string' && text !== ''
      ? [{ kind: 'token_delta', text, agent_id: node, step_id: stepIdOf(run_id, node), run_id }]
      : [];
  }

  private stepLine({ type, data }: RunEvent, nodeId: string): object {
    const error = isJsonObject(data['error']) ? (data['error'] as never) : null;
    const { tokens, cost_usd } = usageOf({ output: data['output'] ?? null, error });
    this.steps += 1;
    this.tokens += tokens;
    this.cost += cost_usd;
    const blocked = type === 'step.failed';
    return {
      kind: blocked ? 'step_blocked' : 'step_complete',
      agent_id: nodeId,
      role: nodeId,
      step: this.steps,
      uncertainty: confidenceOf(blocked),
      cost_usd,
      tokens,
      blocked_by: blocked ? blockReason(error) : '',
      output: contentOf(data['output']).slice(0, OUTPUT_CHARACTERS),
    };
  }

  private totals(blocked_by: string): object {
    return { step: this.steps, uncertainty: confidenceOf(blocked_by !== ''), cost_usd: this.cost, tokens: this.tokens, blocked_by };
  }
}

function errorOf({ type, data: { error, reason } }: RunEvent): string {
  if (isJsonObject(error) && typeof error['message'] === 'string') return error['message'];
  return typeof reason === 'string' ? reason : type === 'run.cancelled' ? 'the run was cancelled' : 'the run failed';
}
