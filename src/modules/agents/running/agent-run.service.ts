import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { JsonObject } from '../../../engine/index.js';
import type { Principal } from '../../../platform/http/permissions.js';
import { type FeedSink, type RunDto, RunsService, RunStreamService, StartRunService, type WaitForRun } from '../../runs/index.js';
import { AgentQueries } from '../agent-queries.js';
import { agentNotDeployed, agentNotFound } from '../agents.errors.js';
import type { AgentDefinition } from '../definition/agent-definition.js';
import type { AgentAnswerDto, RunAgentDto } from '../dto/run-agent.dto.js';
import { redactPersonal } from '../guardrails/guardrails.js';
import { agentFrame } from './agent-frames.js';
import { agentProblem, cancelledProblem } from './agent-problems.js';

export interface AskAgent {
  readonly principal: Principal;
  readonly name: string;
  readonly body: RunAgentDto;
  readonly version?: number | undefined;
  /** Reserved by an idempotency key. */
  readonly id?: string | undefined;
}

/** Runs of agents, asked for by request, stream or socket. */
@Injectable()
export class AgentRunService {
  constructor(
    private readonly agents: AgentQueries,
    private readonly starter: StartRunService,
    private readonly runs: RunsService,
    private readonly streams: RunStreamService,
  ) {}

  /** Accepts the run; with `wait`, answers with its state at its end or when the time is over. */
  async start({ principal, name, body, version, id }: AskAgent, wait?: WaitForRun): Promise<RunDto> {
    const { tenant, keyId } = principal;
    const agent = await this.agents.find(tenant, name, version);
    if (agent === null) throw agentNotFound();
    if (agent.lifecycle !== null) throw agentNotDeployed(agent.name, agent.lifecycle);
    const inputs: JsonObject = {
      query: withoutPersonal(agent.definition, body.query),
      session_id: body.session_id ?? randomUUID(),
      ...(body.subject === undefined ? {} : { subject: body.subject }),
      context: body.context ?? {},
      model: body.model ?? null,
      instructions: body.instructions ?? null,
      key_id: keyId,
    };
    return this.starter.start(
      { tenant, keyId, kind: 'agent', workflow: agent.id, version: agent.version, inputs, trigger: 'api', id },
      wait,
    );
  }

  /** What a run that is over has come to. Throws the problem that its failure stands for. */
  answerOf(run: RunDto): AgentAnswerDto {
    if (run.status === 'success') return run.outputs as unknown as AgentAnswerDto;
    if (run.status === 'cancelled') throw cancelledProblem(run.id);
    throw agentProblem(run.id, run.error);
  }

  /** Follows a run as its caller sees it, to its end. */
  follow(tenant: string, runId: string, sink: FeedSink): Promise<void> {
    return this.streams.stream({ tenant, runId, after: 0, whole: true, frame: agentFrame }, sink);
  }

  async cancel(tenant: string, runId: string, reason: string): Promise<void> {
    await this.runs.cancel(tenant, runId, reason);
  }
}

/** What the input guardrails redact is redacted before the run is written down. */
function withoutPersonal({ guardrails }: AgentDefinition, query: string): string {
  const redacts = (guardrails?.input ?? []).some((each) => each.type === 'pii_detection' && each.action !== 'block');
  return redacts ? redactPersonal(query).text : query;
}
