import { createHash } from 'node:crypto';
import { type DurableCall, type DurableNodeType, isJsonObject, type Json, type JsonObject, StepError } from '../../../engine/index.js';
import { sumUsage, type TokenUsage } from '../../models/index.js';
import { NO_INPUTS, NodeTypeProvider, objectOf } from '../../nodes/index.js';
import { AgentLoop } from '../loop/agent-loop.js';
import type { AgentRequest, LoadedAgent, SaidBefore } from '../loop/agent-run.js';
import { AGENT_NODE_OUTPUT, AGENT_NODE_OUTPUT_REQUIRED, AGENT_NODE_PROPERTIES, formatOf, requestOf } from './agent-node-config.js';
import { readAnswer } from './answer-format.js';
import { AskedAgents } from './asked-agents.js';
import { roundOf } from './chat-round.js';
import { inputSignal } from './input-signal.js';

const MAX_ROUNDS = 1_000;
/** What ends a conversation, in whatever case. */
const FAREWELLS: ReadonlySet<string> = new Set(['', 'exit', 'quit', '/exit', '/quit']);

@NodeTypeProvider()
export class AgentChatNode implements DurableNodeType {
  readonly type = 'agent.chat';
  readonly category = 'agent';
  readonly description =
    'A conversation of an agent with a person. After each answer the node tells what it waits for (`input.required`, with a `prompt_id`), and the run parks until the signal `input:<prompt_id>` brings the next message, a text. An empty one, `exit` or `quit` ends the conversation.';
  readonly pure = false;
  readonly durable = true;
  readonly configSchema = objectOf(AGENT_NODE_PROPERTIES, ['agent', 'query']);
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf(
    { ...AGENT_NODE_OUTPUT, rounds: { type: 'integer', description: 'How often the agent has answered.' } },
    [...AGENT_NODE_OUTPUT_REQUIRED, 'history', 'rounds'],
  );

  constructor(
    private readonly agents: AskedAgents,
    private readonly loop: AgentLoop,
  ) {}

  async execute(node: DurableCall): Promise<JsonObject> {
    const call = node.continued();
    const agent = await this.agents.load(call);
    const request = requestOf(call.config);
    const answers: JsonObject[] = [];
    const history: SaidBefore[] = [...request.history];
    let query = request.query;
    for (let round = 1; round <= MAX_ROUNDS; round += 1) {
      const answer = await this.answer(call, round, agent, {
        ...request,
        query,
        history: remembers(agent, request) ? request.history : history,
      });
      answers.push(answer);
      history.push({ role: 'user', content: query }, { role: 'assistant', content: saidIn(answer) });
      query = await this.next(call, round, saidIn(answer));
      if (FAREWELLS.has(query.trim().toLowerCase())) return ended(answers, history, call.config);
    }
    throw new StepError('max_rounds', `the conversation did not end within ${MAX_ROUNDS} rounds`, { retryable: false });
  }

  private async answer(call: DurableCall, round: number, agent: LoadedAgent, request: AgentRequest): Promise<JsonObject> {
    const began = await call.step(`round-${round}/begin`, { type: 'agent.clock' }, () => Promise.resolve(Date.now()));
    return this.loop.run(roundOf(call, `round-${round}`, Number(began)), agent, request);
  }

  /** What the person says to the answer. */
  private async next(call: DurableCall, round: number, message: string): Promise<string> {
    const prompt = await call.step(`round-${round}/prompt`, { type: 'agent.prompt' }, (step) => {
      const id = createHash('sha256').update(`${call.path}#${call.attempt}/${round}`).digest('hex').slice(0, 16);
      step.emit('input.required', { prompt_id: id, signal: inputSignal(id), message });
      return Promise.resolve({ prompt_id: id });
    });
    const id = String((prompt as JsonObject)['prompt_id']);
    const said = await call.waitForSignal(`round-${round}/input`, inputSignal(id));
    return typeof said === 'string' ? said : isJsonObject(said) ? String(said['value'] ?? '') : '';
  }
}

/** Whether what was said is put before the model by the agent's memory. */
function remembers({ definition }: LoadedAgent, { session }: AgentRequest): boolean {
  return session !== null && definition.memory !== undefined;
}

function saidIn(answer: JsonObject): string {
  return String(answer['response']);
}

function ended(answers: readonly JsonObject[], history: readonly SaidBefore[], config: JsonObject): JsonObject {
  const last = answers.at(-1) as JsonObject;
  const listed = (name: string): Json[] => answers.flatMap((answer) => (Array.isArray(answer[name]) ? answer[name] : []));
  return {
    ...last,
    ...readAnswer(saidIn(last), formatOf(config)),
    tool_calls: listed('tool_calls'),
    usage: { ...sumUsage(answers.map((answer) => answer['usage'] as unknown as TokenUsage)) },
    history: history.map((message) => ({ ...message })),
    rounds: answers.length,
  };
}
