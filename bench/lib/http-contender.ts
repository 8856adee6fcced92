import type { HttpLoad, HttpResult } from '../processes/load-generator.js';
import type { BenchProcess } from './bench-process.js';
import type { Contender } from './contest.js';
import { HeddleServer } from './heddle-server.js';
import type { Restate } from './restate.js';

type Target = Omit<HttpLoad, 'concurrency' | 'seconds'>;

const BODY = '{"inputs":{}}';
const HANDLER: Readonly<Record<number, string>> = { 1: 'one', 3: 'three', 10: 'ten' };

function contender(name: string, generator: BenchProcess, processes: Record<string, number>, target: Target): Contender {
  return {
    name,
    processes: { ...processes, load: generator.pid },
    async round(load) {
      const { completed, elapsedMs, p50Ms, p99Ms } = await generator.request<HttpResult>('round', { ...target, ...load });
      return { per_second: completed / (elapsedMs / 1000), p50_ms: p50Ms, p99_ms: p99Ms };
    },
  };
}

/** Answers once the run is over (`wait`), or as soon as it is accepted durably. */
export function heddleOverHttp(
  name: string,
  server: HeddleServer,
  generator: BenchProcess,
  run: { steps: number; wait: boolean; postgres?: number },
): Contender {
  const processes = { heddle: server.process.pid, ...(run.postgres === undefined ? {} : { postgres: run.postgres }) };
  return contender(name, generator, processes, {
    origin: server.url,
    path: `${HeddleServer.runsPath(run.steps)}${run.wait ? '?wait=60s' : ''}`,
    headers: server.headers,
    body: BODY,
    status: run.wait ? 200 : 202,
    contains: run.wait ? '"status":"success"' : '"id":',
  });
}

export function restateOverHttp(name: string, restate: Restate, generator: BenchProcess, run: { steps: number; wait: boolean }): Contender {
  return contender(name, generator, restate.processes, {
    origin: restate.ingress,
    path: `/Bench/${HANDLER[run.steps] ?? ''}${run.wait ? '' : '/send'}`,
    headers: { 'content-type': 'application/json' },
    body: BODY,
    status: run.wait ? 200 : 202,
    contains: run.wait ? '"done"' : 'invocationId',
  });
}
