import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import type { ModelBlock } from './model-config.js';

/** Failures in a row after which a model is left alone, and for how long. */
const OPEN_AFTER = 3;
const OPEN_FOR_SECONDS = 60;
/** How long the one call that tries a model again may take before another may. */
const PROBE_SECONDS = 15;
/** What this node knows of a model is at most this old. */
const FRESH_MS = 1_000;
/** Latencies are told to the other nodes this often. */
const SHARE_LATENCY_MS = 10_000;
const LATENCY_WEIGHT = 0.2;

interface Circuit {
  /** Failures in a row. */
  readonly failures: number;
  readonly state: 'closed' | 'open' | 'half_open';
  /** Moving average in milliseconds; 0 when the model was never used. */
  latencyMs: number;
  sharedAt: number;
}

/** What is known of a model that a tenant has used. */
export interface ModelStanding {
  readonly provider: string;
  readonly model: string;
  /** `open`: it is left alone for a while; `half_open`: the next call tries it again. */
  readonly state: 'closed' | 'open' | 'half_open';
  /** Failures in a row. */
  readonly failures: number;
  /** Moving average to the first token, milliseconds; 0 when it never answered. */
  readonly latencyMs: number;
}

const UNUSED: Circuit = { failures: 0, state: 'closed', latencyMs: 0, sharedAt: 0 };

const STATE = `CASE WHEN open_until IS NULL THEN 'closed' WHEN open_until > now() THEN 'open' ELSE 'half_open' END AS state`;

const SUCCEEDED = `
  INSERT INTO model_circuits (tenant_id, target, latency_ms) VALUES ($1, $2, $3)
  ON CONFLICT (tenant_id, target) DO UPDATE SET failures = 0, open_until = NULL, latency_ms = $3, updated_at = now()`;

const FAILED = `
  INSERT INTO model_circuits AS c (tenant_id, target, failures, open_until)
  VALUES ($1, $2, 1, CASE WHEN $3::integer <= 1 THEN now() + $4 * interval '1 second' END)
  ON CONFLICT (tenant_id, target) DO UPDATE SET failures = c.failures + 1, updated_at = now(),
    open_until = CASE WHEN c.failures + 1 >= $3::integer THEN now() + $4 * interval '1 second' END`;

/**
 * Which models are known to be down, over all nodes: one row per model of a tenant. After three failures in a row a model is
 * not asked for a minute; then one call tries it, and its end decides. A breaker that cannot be read stops nobody.
 */
@Injectable()
export class CircuitBreaker {
  private readonly known = new LRUCache<string, Circuit>({ max: 5_000, ttl: FRESH_MS });

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Whether the model may be asked now. With true for a model that was down, the caller is the one that tries it. */
  async admits(tenant: string, block: ModelBlock): Promise<boolean> {
    const { state } = await this.look(tenant, block);
    if (state !== 'half_open') return state === 'closed';
    return this.quietly(false, async () => {
      const probing = await this.dataSource.query<unknown[]>(
        `WITH probe AS (
           UPDATE model_circuits SET open_until = now() + $3 * interval '1 second'
           WHERE tenant_id = $1 AND target = $2 AND open_until <= now() RETURNING 1
         ) SELECT 1 FROM probe`,
        [tenant, targetOf(block), PROBE_SECONDS],
      );
      this.known.delete(keyOf(tenant, block));
      return probing.length > 0;
    });
  }

  /** Milliseconds, the moving average over all nodes; 0 for a model that was never used. */
  async latency(tenant: string, block: ModelBlock): Promise<number> {
    return (await this.look(tenant, block)).latencyMs;
  }

  /** Of every model that the tenant has used, over all nodes. One that is reached in several ways is there several times. */
  async standings(tenant: string): Promise<ModelStanding[]> {
    const rows = await this.dataSource.query<(Omit<ModelStanding, 'provider' | 'model'> & { target: string })[]>(
      `SELECT target, failures, latency_ms AS "latencyMs", ${STATE} FROM model_circuits WHERE tenant_id = $1 ORDER BY target`,
      [tenant],
    );
    return rows.map(({ target, ...standing }) => {
      const [provider, model] = JSON.parse(target) as [string, string];
      return { provider, model, ...standing };
    });
  }

  async succeeded(tenant: string, block: ModelBlock, latencyMs: number, now: number): Promise<void> {
    const circuit = await this.look(tenant, block);
    circuit.latencyMs = circuit.latencyMs === 0 ? latencyMs : (1 - LATENCY_WEIGHT) * circuit.latencyMs + LATENCY_WEIGHT * latencyMs;
    if (circuit.failures === 0 && now - circuit.sharedAt < SHARE_LATENCY_MS) return;
    circuit.sharedAt = now;
    await this.write(SUCCEEDED, [tenant, targetOf(block), circuit.latencyMs]);
    if (circuit.failures > 0) this.known.delete(keyOf(tenant, block));
  }

  async failed(tenant: string, block: ModelBlock): Promise<void> {
    await this.write(FAILED, [tenant, targetOf(block), OPEN_AFTER, OPEN_FOR_SECONDS]);
    this.known.delete(keyOf(tenant, block));
  }

  private async look(tenant: string, block: ModelBlock): Promise<Circuit> {
    const key = keyOf(tenant, block);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const circuit = await this.quietly(UNUSED, async () => {
      const [row] = await this.dataSource.query<Omit<Circuit, 'sharedAt'>[]>(
        `SELECT failures, latency_ms AS "latencyMs", ${STATE} FROM model_circuits WHERE tenant_id = $1 AND target = $2`,
        [tenant, targetOf(block)],
      );
      return row === undefined ? UNUSED : { ...row, sharedAt: Date.now() };
    });
    const own = { ...circuit };
    this.known.set(key, own);
    return own;
  }

  private write(statement: string, parameters: readonly unknown[]): Promise<void> {
    return this.quietly(undefined, async () => {
      await this.dataSource.query(statement, [...parameters]);
    });
  }

  private async quietly<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.logger.warn({ err: error }, 'the circuits of models cannot be read or written');
      return otherwise;
    }
  }
}

/** A model with the way to it: another key or address is another circuit. */
function targetOf({ provider, model, base_url: url, api_key_env: key }: ModelBlock): string {
  return JSON.stringify([provider, model, url ?? null, key ?? null]);
}

function keyOf(tenant: string, block: ModelBlock): string {
  return `${tenant} ${targetOf(block)}`;
}
