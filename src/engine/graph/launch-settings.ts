import type { Scope } from '../expressions/index.js';
import type { LaunchContext, LaunchOptions, LaunchSettings } from '../kernel/run-context.js';
import type { CompiledSettings } from './compiled-graph.js';

/**
 * The caller's priority and concurrency key win, of two time limits the shorter holds. A key from the caller alone lets one
 * run at a time through.
 */
export function launchSettings(settings: CompiledSettings, options: LaunchOptions, context: LaunchContext): LaunchSettings {
  const limits = [settings.timeoutMs, options.timeoutMs].filter((limit) => typeof limit === 'number');
  const concurrency = concurrencyOf(settings, options, context);
  return {
    priority: options.priority ?? settings.priority,
    ...(limits.length === 0 ? {} : { timeoutMs: Math.min(...limits) }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(settings.rate === null ? {} : { rate: settings.rate }),
  };
}

function concurrencyOf({ concurrency }: CompiledSettings, options: LaunchOptions, context: LaunchContext): LaunchSettings['concurrency'] {
  if (concurrency === null) {
    return options.concurrencyKey === undefined ? undefined : { key: options.concurrencyKey, limit: 1, onConflict: 'queue' };
  }
  const key = options.concurrencyKey ?? textOf(concurrency.key.evaluate(launchScope(context)));
  return { key, limit: concurrency.limit, onConflict: concurrency.onConflict };
}

/** Nothing has run yet, so a key sees the inputs and the run itself. */
function launchScope({ runId, trigger, createdAt, definition, inputs }: LaunchContext): Scope {
  return {
    inputs,
    nodes: {},
    run: {
      id: runId,
      tenant: definition.tenant,
      workflow: definition.name,
      version: definition.version,
      attempt: 1,
      created_at: new Date(createdAt).toISOString(),
      trigger,
    },
    env: {},
    secrets: {},
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
