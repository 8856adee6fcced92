import type { ModelStanding } from '../../modules/models/index.js';
import type { CheckReport } from '../../platform/doctor/index.js';

export type Health = 'healthy' | 'degraded' | 'failing';

export interface SystemCheck {
  readonly name: string;
  readonly status: Health;
  readonly message: string | null;
}

/** How a provider is doing, by the calls of its models. */
export interface ProviderCheck extends SystemCheck {
  readonly provider: true;
}

/** Of the providers that agents name, and of those that were asked. One that was never asked is taken for healthy. */
export function providerChecks(named: readonly string[], standings: readonly ModelStanding[]): ProviderCheck[] {
  const known = Map.groupBy(standings, ({ provider }) => provider);
  const names = new Set([...named, ...known.keys()]);
  return [...names].toSorted().map((name) => providerCheck(name, known.get(name) ?? []));
}

function providerCheck(name: string, models: readonly ModelStanding[]): ProviderCheck {
  const down = models.filter(({ state }) => state === 'open');
  const failing = models.filter(({ failures }) => failures > 0);
  if (models.length > 0 && down.length === models.length) {
    return { name, provider: true, status: 'failing', message: `down: ${down.map(({ model }) => model).join(', ')}` };
  }
  if (failing.length > 0)
    return { name, provider: true, status: 'degraded', message: `failing: ${failing.map(({ model }) => model).join(', ')}` };
  const latencies = models.map(({ latencyMs }) => latencyMs).filter((latency) => latency > 0);
  const average = latencies.reduce((sum, latency) => sum + latency, 0) / latencies.length;
  return { name, provider: true, status: 'healthy', message: latencies.length === 0 ? null : `avg latency: ${Math.round(average)}ms` };
}

const HEALTH: Readonly<Record<CheckReport['status'], Health>> = { ok: 'healthy', warning: 'degraded', error: 'failing' };

export function systemCheck({ name, status, message }: Pick<CheckReport, 'name' | 'status' | 'message'>): SystemCheck {
  return { name, status: HEALTH[status], message };
}

export function countsOf(checks: readonly SystemCheck[]): Record<Health, number> {
  const count = (health: Health): number => checks.filter(({ status }) => status === health).length;
  return { healthy: count('healthy'), degraded: count('degraded'), failing: count('failing') };
}

const MAP_STATUS: Readonly<Record<Health, string>> = { healthy: 'ok', degraded: 'degraded', failing: 'error' };

/** Checks by name, as the original's command line reads them. */
export function checkMap(checks: readonly (SystemCheck | ProviderCheck)[]): object {
  return Object.fromEntries(
    checks.map((check) => {
      const isProvider = 'provider' in check;
      const status = isProvider && check.status === 'failing' ? 'unavailable' : MAP_STATUS[check.status];
      return [isProvider ? `provider:default:${check.name}` : check.name, { status, message: check.message ?? '' }];
    }),
  );
}
