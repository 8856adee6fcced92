import { Injectable } from '@nestjs/common';
import type { AgentDefinition, AgentDetailDto } from '../../modules/agents/index.js';
import { CircuitBreaker } from '../../modules/models/index.js';
import { SystemService } from '../../modules/system/index.js';
import type { Principal } from '../../platform/http/permissions.js';
import { AstromeshAgents } from './agents.service.js';
import { checkMap, countsOf, type ProviderCheck, providerChecks, type SystemCheck, systemCheck } from './system-views.js';

/** The installation as Astromesh tells of it. */
@Injectable()
export class AstromeshSystem {
  constructor(
    private readonly system: SystemService,
    private readonly agents: AstromeshAgents,
    private readonly circuits: CircuitBreaker,
  ) {}

  health(): object {
    const { version, uptime_seconds } = this.system.info();
    return { status: 'healthy', version, uptime_seconds };
  }

  async status(principal: Principal): Promise<object> {
    const { version, uptime_seconds } = this.system.info();
    const agents = await this.agents.all(principal);
    const { healthy, degraded, failing: unavailable } = countsOf(await this.providers(principal, agents));
    return {
      version,
      status: 'running',
      mode: 'standalone',
      pid: process.pid,
      uptime_seconds,
      agents_loaded: agents.length,
      providers: { healthy, degraded, unavailable },
      services: {
        api: true,
        agents: true,
        inference: unavailable === 0 || healthy + degraded > 0,
        memory: true,
        tools: true,
        channels: false,
        rag: true,
        observability: false,
      },
      peers: [],
      mesh: null,
    };
  }

  async doctor(principal: Principal, format: 'array' | 'map'): Promise<object> {
    const checks = await this.examine(principal);
    const summary = countsOf(checks);
    const healthy = summary.failing === 0;
    if (format === 'map') return { healthy, checks: checkMap(checks) };
    return { checks: checks.map(({ name, status, message }) => ({ name, status, message })), summary, healthy };
  }

  private async examine(principal: Principal): Promise<(SystemCheck | ProviderCheck)[]> {
    const { status, failing } = await this.system.status(principal.tenant);
    const runtime: SystemCheck =
      status === 'ok'
        ? { name: 'runtime', status: 'healthy', message: null }
        : { name: 'runtime', status: 'failing', message: failing.map(({ name, message }) => `${name}: ${message}`).join('; ') };
    const { checks } = await this.system.doctor();
    return [runtime, ...(await this.providers(principal, await this.agents.all(principal))), ...checks.map(systemCheck)];
  }

  private async providers({ tenant }: Principal, agents: readonly AgentDetailDto[]): Promise<ProviderCheck[]> {
    const named = agents.flatMap(({ definition }) => providersOf(definition as AgentDefinition));
    return providerChecks(named, await this.circuits.standings(tenant));
  }
}

function providersOf({ model: { primary, fallback = [], roles = {} } }: AgentDefinition): string[] {
  return [primary, ...fallback, ...Object.values(roles).flatMap(({ candidates }) => candidates)].map(({ provider }) => provider);
}
