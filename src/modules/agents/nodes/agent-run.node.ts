import { Inject } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import { type DurableCall, type DurableNodeType, type Json, type JsonObject, isJsonObject, StepError } from '../../../engine/index.js';
import { ANY, NO_INPUTS, NodeTypeProvider, objectOf } from '../../nodes/index.js';
import { readInlineAgent } from '../definition/inline-agent.js';
import { AgentCatalog } from '../loop/agent-catalog.js';
import { AgentLoop } from '../loop/agent-loop.js';
import type { LoadedAgent } from '../loop/agent-run.js';

const NULLABLE_TEXT = { type: ['string', 'null'] };

@NodeTypeProvider()
export class AgentRunNode implements DurableNodeType {
  readonly type = 'agent.run';
  readonly category = 'agent';
  readonly description =
    'Asks an agent. Every call of a model and of a tool is a journaled step below this node, so that none is made or paid twice. Reaching a limit fails the node, with the limit as the code.';
  readonly pure = false;
  readonly durable = true;
  readonly configSchema = objectOf(
    {
      agent: {
        type: ['string', 'object'],
        minLength: 1,
        maxLength: 100,
        description:
          'Name of the agent, or a whole definition as `POST /agents` takes it: an agent of this workflow only. Its `model` may be left out: then it is that of `HEDDLE_DEFAULT_MODEL`.',
      },
      version: { type: 'integer', minimum: 1, description: 'Which version; the latest when the node begins, if not said.' },
      query: { type: 'string', description: 'What is asked.' },
      session_id: { ...NULLABLE_TEXT, description: 'The conversation that this is a turn of.' },
      subject: { ...NULLABLE_TEXT, description: 'Whom the conversation is about, for what is remembered.' },
      context: { type: 'object', default: {}, description: 'Values for the instructions.' },
      model: { ...NULLABLE_TEXT, description: 'A model to ask instead of the one that routing chooses.' },
      instructions: { ...NULLABLE_TEXT, description: 'Instructions instead of the agent’s own.' },
      key_id: { ...NULLABLE_TEXT, description: 'Whose daily budget is charged.' },
    },
    ['agent', 'query'],
  );
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf(
    {
      run_id: { type: 'string', format: 'uuid' },
      response: { type: 'string' },
      data: ANY,
      session_id: NULLABLE_TEXT,
      tool_calls: { type: 'array', items: { type: 'object' } },
      usage: { type: 'object' },
      timing: { type: 'object' },
      model: NULLABLE_TEXT,
      provider: NULLABLE_TEXT,
      turns: { type: 'integer' },
      final_agent: { type: 'string', description: 'With the pattern `swarm`: who answered.' },
      stop_reason: { type: 'string' },
      agent: { type: 'object' },
    },
    ['run_id', 'response', 'session_id', 'tool_calls', 'usage', 'timing', 'stop_reason'],
  );

  constructor(
    private readonly catalog: AgentCatalog,
    private readonly loop: AgentLoop,
    @Inject(CONFIG) private readonly config: HeddleConfig,
  ) {}

  async execute(call: DurableCall): Promise<JsonObject> {
    const { config } = call;
    return this.loop.run(call, await this.load(call), {
      query: String(config['query']),
      session: textOf(config['session_id']),
      subject: textOf(config['subject']),
      context: isJsonObject(config['context']) ? config['context'] : {},
      model: textOf(config['model']),
      instructions: textOf(config['instructions']),
      keyId: textOf(config['key_id']),
    });
  }

  /** An agent's own run is of a version; elsewhere the version is fixed when the node begins. */
  private async load(call: DurableCall): Promise<LoadedAgent> {
    const { kind, tenant, workflow } = call.run;
    if (kind === 'agent' && workflow !== null) return this.catalog.ofRun(tenant, workflow);
    const { agent, version } = call.config;
    if (isJsonObject(agent)) return this.inline(call, agent);
    const found = await call.step('agent', { type: 'agent.version' }, async () => {
      const { versionId } = await this.catalog.version(tenant, String(agent), typeof version === 'number' ? version : undefined);
      return { version_id: versionId };
    });
    return this.catalog.load(String((found as JsonObject)['version_id']));
  }

  /** An agent of the workflow has the workflow's version, and budgets of its own. */
  private inline({ run: { workflow } }: DurableCall, value: JsonObject): LoadedAgent {
    const checked = readInlineAgent(value, this.config);
    if ('errors' in checked) {
      const [first] = checked.errors;
      throw new StepError('invalid_agent', `config.agent${first?.path ?? ''} ${first?.message ?? ''}`, {
        retryable: false,
        details: checked.errors as unknown as Json,
      });
    }
    const { definition } = checked;
    return { id: `${workflow?.id ?? ''}/${definition.name}`, name: definition.name, version: workflow?.version ?? 1, definition };
  }
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
