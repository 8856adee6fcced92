import { isJsonObject, type Json, type JsonObject, type RunEvent } from '../../../engine/index.js';
import type { FeedFrame } from '../../runs/index.js';
import { agentProblem } from './agent-problems.js';

/** Events of an agent's run, outputs and all, as its callers see them: tokens, calls of tools, and how it ended. */
export function agentFrame(event: RunEvent): FeedFrame | null {
  const { data, step } = event;
  const frame = (name: string, content: JsonObject): FeedFrame => ({
    id: String(event.seq),
    event: name,
    data: { type: name, ...content, ...(step === undefined ? {} : { step }) },
  });
  switch (event.type) {
    case 'token':
      return frame('token', { ...data, content: data['text'] ?? '' });
    case 'tool.call':
      return frame('tool_call', {
        id: data['id'] ?? null,
        tool: data['tool'] ?? '',
        name: data['tool'] ?? '',
        input: data['input'] ?? {},
        arguments: data['input'] ?? {},
      });
    case 'step.completed':
      return data['node_type'] === 'agent.tool' ? toolResult(frame, data) : null;
    case 'approval.requested':
      return frame('approval', { ...data });
    case 'run.completed':
      return frame('done', doneOf(data['outputs'] ?? null));
    case 'run.failed':
      return frame('error', errorOf(event.run_id, data['error'] ?? null));
    case 'run.cancelled':
      return frame('error', { code: 'run_cancelled', message: 'the run was cancelled', run_id: event.run_id });
    default:
      return null;
  }
}

function toolResult(frame: (name: string, content: JsonObject) => FeedFrame, { output }: JsonObject): FeedFrame | null {
  if (!isJsonObject(output) || typeof output['is_error'] !== 'boolean') return null;
  const { tool = '', id = null, output: result = null, duration_ms: durationMs = 0, is_error: isError } = output;
  return frame('tool_result', { id, tool, name: tool, output: result, ok: !isError, duration_ms: durationMs });
}

function doneOf(outputs: Json): JsonObject {
  return isJsonObject(outputs) ? { ...outputs, answer: outputs['response'] ?? null } : { outputs };
}

function errorOf(runId: string, error: Json): JsonObject {
  const problem = agentProblem(runId, isJsonObject(error) ? (error as never) : null);
  return { code: problem.code, message: problem.detail, status: problem.status, ...(problem.extensions as JsonObject) };
}
