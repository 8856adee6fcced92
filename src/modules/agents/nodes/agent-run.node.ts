import type { DurableCall, DurableNodeType, JsonObject } from '../../../engine/index.js';
import { NO_INPUTS, NodeTypeProvider, objectOf } from '../../nodes/index.js';
import { AgentLoop } from '../loop/agent-loop.js';
import { AGENT_NODE_OUTPUT, AGENT_NODE_OUTPUT_REQUIRED, AGENT_NODE_PROPERTIES, formatOf, requestOf } from './agent-node-config.js';
import { readAnswer } from './answer-format.js';
import { AskedAgents } from './asked-agents.js';

@NodeTypeProvider()
export class AgentRunNode implements DurableNodeType {
  readonly type = 'agent.run';
  readonly category = 'agent';
  readonly description =
    'Asks an agent. Every call of a model and of a tool is a journaled step below this node, so that none is made or paid twice, also when the node is tried again: it goes on with the turns that are done. Reaching a limit fails the node, with the limit as the code.';
  readonly pure = false;
  readonly durable = true;
  readonly configSchema = objectOf(AGENT_NODE_PROPERTIES, ['agent', 'query']);
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf(AGENT_NODE_OUTPUT, AGENT_NODE_OUTPUT_REQUIRED);

  constructor(
    private readonly agents: AskedAgents,
    private readonly loop: AgentLoop,
  ) {}

  async execute(node: DurableCall): Promise<JsonObject> {
    const call = node.continued();
    const { config } = call;
    const request = requestOf(config);
    const answer = await this.loop.run(call, await this.agents.load(call), request);
    const said = String(answer['response']);
    const history = [...request.history, { role: 'user', content: request.query }, { role: 'assistant', content: said }];
    return {
      ...answer,
      ...readAnswer(said, formatOf(config)),
      ...(config['history'] === undefined ? {} : { history: history.map((message) => ({ ...message })) }),
    };
  }
}
