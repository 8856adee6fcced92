import { Injectable } from '@nestjs/common';
import { isTerminal, type Json } from '../../engine/index.js';
import { type AgentDetailDto, AgentRunService, AgentsService, type AskAgent } from '../../modules/agents/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import type { Principal } from '../../platform/http/permissions.js';
import { everyPage, orInstead } from '../kit/index.js';
import { agentDetail, agentItem } from './agent-views.js';
import { answer } from './answer-views.js';
import { agentNotFound } from './errors.js';

/** Longer than any client waits. */
const LONGEST_WAIT_MS = 60 * 60_000;

/** Agents as Astromesh lists, registers and asks them. */
@Injectable()
export class AstromeshAgents {
  constructor(
    private readonly agents: AgentsService,
    private readonly asks: AgentRunService,
  ) {}

  all(principal: Principal): Promise<AgentDetailDto[]> {
    return everyPage((page) => this.agents.listDetails(principal, page));
  }

  async list(principal: Principal): Promise<object[]> {
    return (await this.all(principal)).map(agentItem);
  }

  async get(principal: Principal, name: string): Promise<object> {
    return agentDetail(await orInstead(this.agents.get(principal, name), agentNotFound(name)));
  }

  /** Answers with the name of the agent, which is a draft from then on. */
  async register(principal: Principal, document: Json): Promise<string> {
    return (await this.agents.create(principal, { json: document }, { draft: true })).agent.name;
  }

  async update(principal: Principal, name: string, document: Json): Promise<void> {
    await orInstead(this.agents.replace(principal, name, { json: document }, true), agentNotFound(name));
  }

  async remove(principal: Principal, name: string): Promise<void> {
    await orInstead(this.agents.delete(principal, name), agentNotFound(name));
  }

  async deploy(principal: Principal, name: string): Promise<void> {
    await orInstead(this.agents.deploy(principal, name), agentNotFound(name));
  }

  async pause(principal: Principal, name: string): Promise<void> {
    await this.deployed(name, this.agents.pause(principal, name));
  }

  /** Waits for the answer; a caller that leaves ends nothing but the waiting. */
  async run(asked: AskAgent, signal: AbortSignal): Promise<object> {
    const run = await this.deployed(asked.name, this.asks.start(asked, { timeoutMs: LONGEST_WAIT_MS, signal }));
    if (!isTerminal(run.status)) throw new AppError(408, 'request_timeout', `the run ${run.id} is still under way`, { logLevel: 'debug' });
    return answer(this.asks.answerOf(run));
  }

  /** An agent that is not deployed is as good as not there. */
  private async deployed<T>(name: string, work: Promise<T>): Promise<T> {
    try {
      return await orInstead(work, agentNotFound(name));
    } catch (error) {
      if (error instanceof AppError && error.code === 'agent_not_deployed') throw agentNotFound(name);
      throw error;
    }
  }
}
