import type { RunEvent, RunEventType } from '../../../engine/index.js';

/** What a conversation waits to be told. */
export interface PendingPrompt {
  readonly id: string;
  /** Path of the node that converses. */
  readonly step: string;
  /** What the agent said last. */
  readonly message: string;
}

const SETTLING: ReadonlySet<RunEventType> = new Set(['step.completed', 'step.failed', 'step.cancelled']);
/** Events that prompts are told from. */
export const PROMPT_EVENTS: ReadonlySet<RunEventType> = new Set(['input.required', ...SETTLING]);

/** The prompts of a run that nobody has answered, from its events in their order. Of a run that is over there are none to answer. */
export function pendingPrompts(events: readonly RunEvent[]): PendingPrompt[] {
  const pending = new Map<string, { readonly prompt: PendingPrompt; readonly input: string }>();
  for (const { type, step = '', data } of events) {
    if (type === 'input.required') {
      const [, node = '', round = ''] = /^(.*?)(?:#\d+)?\/(round-\d+)\/prompt$/.exec(step) ?? [];
      pending.set(node, {
        prompt: { id: String(data['prompt_id']), step: node, message: String(data['message']) },
        input: `/${round}/input`,
      });
    } else if (SETTLING.has(type)) {
      pending.delete(step);
      const [, node = '', inner = ''] = /^(.*?)(?:#\d+)?(\/round-\d+\/input)$/.exec(step) ?? [];
      if (pending.get(node)?.input === inner) pending.delete(node);
    }
  }
  return [...pending.values()].map(({ prompt }) => prompt);
}
