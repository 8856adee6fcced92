import type { AgentAnswerDto, ConversationMessage } from '../../modules/agents/index.js';
import { usageOf } from './answer-views.js';
import { agentNotFound } from './errors.js';

/** What Astromesh says for a message of a conversation with this agent; null for nothing. */
export function frameOf(agent: string, message: ConversationMessage): object | null {
  switch (message.type) {
    // It knows of no runs: their ids are in what ends them.
    case 'run':
      return null;
    case 'approval':
      return { ...message, type: 'status', status: 'waiting_for_approval', agent };
    case 'done':
      return doneFrame(message as unknown as AgentAnswerDto);
    case 'error':
      return message['code'] === 'not_found' ? { ...message, message: agentNotFound(agent).detail } : message;
    default:
      return message;
  }
}

function doneFrame(answered: AgentAnswerDto): object {
  const { response, session_id, timing, model, provider, data = null, run_id } = answered;
  return { type: 'done', usage: usageOf(answered), timing, answer: response, response, session_id, model, provider, data, run_id };
}
