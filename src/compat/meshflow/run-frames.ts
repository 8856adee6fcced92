import type { RunEvent } from '../../engine/index.js';
import { MeshEvents } from './events.js';
import { contentOf } from './records.js';

/** A frame of `/ws/run/{run_id}`. */
interface RunFrame {
  readonly kind: string;
  readonly content: string;
  readonly node_name: string;
  /** How many steps have ended before. */
  readonly task_index: number;
  readonly metadata: object;
}

/** Tells a run as frames: the events of `/events`, and the words of models as they come. One for each socket. */
export class RunFrames {
  private readonly events = new MeshEvents();
  private ended = 0;

  framesOf(event: RunEvent): RunFrame[] {
    const { data, step = '' } = event;
    if (event.type === 'token') {
      const text = data['text'];
      const [node_name = ''] = step.split('/');
      return typeof text === 'string' && text !== ''
        ? [{ kind: 'token_delta', content: text, node_name, task_index: this.ended, metadata: {} }]
        : [];
    }
    const frames = this.events.eventsOf(event, '').map(({ kind, node_id, data: metadata }): RunFrame => {
      const content = kind === 'step_complete' ? contentOf(data['output']) : '';
      return { kind, content, node_name: node_id, task_index: this.ended, metadata };
    });
    if (event.type === 'step.completed' || event.type === 'step.failed') this.ended += frames.length;
    return frames;
  }
}
