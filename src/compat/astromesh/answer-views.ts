import type { Json } from '../../engine/index.js';
import type { AgentAnswerDto } from '../../modules/agents/index.js';

/** What an agent has answered: as documented, and beside that as `astromeshd` answers. */
export function answer(answered: AgentAnswerDto): object {
  const { response, session_id, tool_calls, timing, model, provider, data = null, run_id } = answered;
  return {
    response,
    session_id,
    tool_calls: tool_calls.map(({ tool, input, output }) => ({ tool, input, output })),
    usage: usageOf(answered),
    timing,
    model,
    provider,
    answer: response,
    steps: stepsOf(answered),
    trace: null,
    data,
    chain: null,
    run_id,
  };
}

/** The counts of both, and what each model has used. */
export function usageOf({ usage, usage_by_model: byModel, model }: Pick<AgentAnswerDto, 'usage' | 'usage_by_model' | 'model'>): object {
  const { input_tokens, output_tokens, total_tokens } = usage;
  return {
    input_tokens,
    output_tokens,
    total_tokens,
    tokens_in: input_tokens,
    tokens_out: output_tokens,
    model,
    by_model: byModel
      .map((each) => ({
        provider: each.provider,
        model: each.model,
        role: each.role,
        calls: each.calls,
        tokens_in: each.input_tokens,
        tokens_out: each.output_tokens,
        cost: each.cost_usd,
      }))
      .toSorted((a, b) => b.tokens_in + b.tokens_out - (a.tokens_in + a.tokens_out) || a.model.localeCompare(b.model)),
  };
}

/** One for each call of a tool, and one for the answer. */
function stepsOf({ tool_calls: calls, response }: AgentAnswerDto): object[] {
  return [
    ...calls.map(({ tool, input, output }) => ({
      thought: null,
      action: tool,
      action_input: input,
      observation: textOf(output),
      result: null,
    })),
    { thought: null, action: null, action_input: null, observation: null, result: response },
  ];
}

function textOf(output: Json): string {
  return typeof output === 'string' ? output : JSON.stringify(output);
}
