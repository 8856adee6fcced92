import type { RunEvent } from '../../engine/index.js';
import { type FeedItem, timeOfId } from '../../modules/runs/index.js';
import { idOfName, nodeIdOf } from './ids.js';
import { messageOf, nodeEvent } from './node-events.js';
import { outputsOf } from './node-outputs.js';
import { typeOfNative } from './node-types.js';

/** One message of `/api/events`. */
export type FlowEngineEvent = { readonly type: string; readonly execution_id: string; readonly timestamp: string } & Readonly<
  Record<string, unknown>
>;

type Happened = Pick<FeedItem, 'event' | 'subject'>;

/**
 * Says what happens to runs in FlowEngine's words. It is told everything from some point on, and remembers when what is under
 * way began, since FlowEngine tells how long things took.
 */
export class FlowEngineEvents {
  private readonly startOfRun = new Map<string, number>();
  private readonly startOfNode = new Map<string, Map<string, number>>();

  /** Null when FlowEngine has no words for it. */
  translate(happened: Happened): FlowEngineEvent | null {
    const { event } = happened;
    return event.step === undefined ? this.ofRun(happened) : this.ofStep(event, event.step, nodeId(happened, event.step));
  }

  private ofRun({ event, subject }: Happened): FlowEngineEvent | null {
    switch (event.type) {
      case 'run.started':
        this.startOfRun.set(event.run_id, Date.parse(event.at));
        return said(event, 'WorkflowStarted', { workflow_id: idOfName(subject.name) ?? subject.workflowId ?? subject.name });
      case 'run.completed':
        return this.ended(event, true);
      case 'run.failed':
      case 'run.cancelled':
        return this.ended(event, false);
      default:
        return null;
    }
  }

  private ended(event: RunEvent, success: boolean): FlowEngineEvent {
    // Of a run that began before anybody listened, at least its age is known.
    const start = this.startOfRun.get(event.run_id) ?? timeOfId(event.run_id);
    this.startOfRun.delete(event.run_id);
    this.startOfNode.delete(event.run_id);
    return said(event, 'WorkflowCompleted', { success, duration_ms: Math.max(0, Date.parse(event.at) - start) });
  }

  private ofStep(event: RunEvent, path: string, node: string): FlowEngineEvent | null {
    // What is within a node is told as its events only.
    const ofNode = path.includes('/') ? null : this.ofNode(event, path, node);
    if (ofNode !== null) return ofNode;
    const within = nodeEvent(event);
    return within === null ? null : said(event, 'NodeEvent', { node_id: node, event: within });
  }

  private ofNode(event: RunEvent, path: string, node_id: string): FlowEngineEvent | null {
    const { data } = event;
    switch (event.type) {
      case 'step.started':
        return this.begins(event, path)
          ? said(event, 'NodeStarted', { node_id, node_type: typeOfNative(String(data['node_type'] ?? '')) })
          : null;
      case 'step.completed':
        return said(event, 'NodeCompleted', { node_id, outputs: outputsOf(data), duration_ms: this.took(event, path) });
      case 'step.failed':
        this.took(event, path);
        return said(event, 'NodeFailed', { node_id, error: messageOf(data) });
      case 'step.cancelled':
        this.took(event, path);
        return said(event, 'NodeFailed', { node_id, error: 'Cancelled' });
      default:
        return null;
    }
  }

  /** False for a further attempt. */
  private begins({ run_id: run, at }: RunEvent, path: string): boolean {
    const starts = this.startOfNode.get(run) ?? new Map<string, number>();
    this.startOfNode.set(run, starts);
    if (starts.has(path)) return false;
    starts.set(path, Date.parse(at));
    return true;
  }

  /** Milliseconds that a node took, which is over now; 0 when nobody saw it begin. */
  private took({ run_id: run, at }: RunEvent, path: string): number {
    const starts = this.startOfNode.get(run);
    const start = starts?.get(path);
    starts?.delete(path);
    return start === undefined ? 0 : Math.max(0, Date.parse(at) - start);
  }
}

function nodeId({ subject }: Happened, path: string): string {
  const [own = path] = path.split('/', 1);
  return idOfName(subject.name) === null ? own : nodeIdOf(own);
}

function said({ run_id, at }: RunEvent, type: string, more: object): FlowEngineEvent {
  return { type, execution_id: run_id, ...more, timestamp: at };
}
