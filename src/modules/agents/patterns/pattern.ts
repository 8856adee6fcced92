import type { JsonObject } from '../../../engine/index.js';
import type { ChatMessage } from '../../models/index.js';
import type { AgentRun } from '../loop/agent-run.js';
import type { ReactTask } from '../loop/react-loop.js';

/** What a pattern is given. */
export interface PatternTask {
  /** Instructions, as they are told to every role. */
  readonly system: string;
  /** What was said before in the session. */
  readonly history: readonly ChatMessage[];
  readonly query: string;
  /** Form of the last answer. */
  readonly schema: JsonObject | undefined;
  /** Looks at the last answer, see `ReactTask`. */
  readonly onAnswer: NonNullable<ReactTask['onAnswer']>;
}

/** A way of working: which models are asked what, in which order. */
export interface PatternRunner {
  /** The answer's text, and who gave it when that is another agent. */
  run(run: AgentRun, task: PatternTask): Promise<{ readonly text: string; readonly finalAgent?: string }>;
}

export function system(...parts: readonly string[]): ChatMessage {
  return { role: 'system', content: parts.filter((part) => part !== '').join('\n\n') };
}

export function user(text: string): ChatMessage {
  return { role: 'user', content: [{ type: 'text', text }] };
}
