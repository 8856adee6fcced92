// Sends requests from a process of its own, so that it shares nothing with the server it measures but the machine.
import { Pool } from 'undici';
import { serveParent } from '../lib/child.js';
import { closedLoop, type Load } from '../lib/closed-loop.js';
import { percentile } from '../lib/statistics.js';

export interface HttpLoad extends Load {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly status: number;
  /** What every answer must contain. */
  readonly contains: string;
}

export interface HttpResult {
  readonly completed: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function round(load: HttpLoad): Promise<HttpResult> {
  const pool = new Pool(load.origin, { connections: load.concurrency, pipelining: 1, headersTimeout: 120_000 });
  const latencies: number[] = [];
  const result = await closedLoop(load, async () => {
    const sentAt = performance.now();
    const { statusCode, body } = await pool.request({ method: 'POST', path: load.path, headers: load.headers, body: load.body });
    const text = await body.text();
    latencies.push(performance.now() - sentAt);
    if (statusCode !== load.status || !text.includes(load.contains))
      throw new Error(`${load.origin}${load.path} answered ${statusCode}: ${text.slice(0, 500)}`);
  });
  await pool.close();
  return { ...result, p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) };
}

serveParent({}, { round });
