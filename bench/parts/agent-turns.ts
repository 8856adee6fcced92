import type { Part } from '../lib/bench-context.js';
import { BenchProcess } from '../lib/bench-process.js';
import { HeddleServer } from '../lib/heddle-server.js';
import { ModelStub } from '../lib/model-stub.js';
import { bench } from '../lib/paths.js';
import { number, print, table } from '../lib/report.js';
import { runAlone } from '../lib/run-alone.js';
import { median, percentile } from '../lib/statistics.js';

const TURNS = 5;

/** (j) What a turn of an agent costs beside its model: journal, budget, events and HTTP, one run at a time. */
export const agentTurns: Part = {
  key: 'j',
  title: `(j) an agent's turn with a model that answers at once: runs of ${TURNS} turns, ${TURNS - 1} of them with a call of a tool, one at a time`,
  async run(context) {
    const { quick, rounds } = context.options;
    const runs = quick ? 20 : 200;
    const stub = await context.own(ModelStub.start(TURNS));
    const { process: bare } = await BenchProcess.start(bench('peers', 'generate-text.mjs'), { baseURL: stub.url, turns: TURNS });
    await context.own(Promise.resolve(bare));
    const postgres = await context.postgres();
    const env = { HEDDLE_EGRESS_ALLOW: '127.0.0.1' };
    const server = await context.own(HeddleServer.start({ url: await postgres.createDatabase(), env }));
    const embedded = await context.own(HeddleServer.start({ env }));
    const plain = definition('plain', stub.url, {});
    const budgeted = definition('budgeted', stub.url, { agent_day: { tokens: 1_000_000_000 } });
    for (const each of [server, embedded]) for (const agent of [plain, budgeted]) await store(each, agent);
    const sides: readonly [string, () => Promise<number[]>][] = [
      ['AI SDK generateText, in process', () => bare.request<number[]>('round', { runs })],
      ['Heddle over HTTP, Postgres', () => ask(server, 'plain', runs)],
      ['Heddle over HTTP, Postgres, with a shared budget', () => ask(server, 'budgeted', runs)],
      ['Heddle over HTTP, embedded', () => ask(embedded, 'plain', runs)],
    ];
    const times = sides.map(() => [] as number[]);
    for (const [, round] of sides) await round();
    for (let round = 0; round < rounds; round++) for (const [index, [, work]] of sides.entries()) times[index]?.push(...(await work()));
    const perTurn = (share: number | null, side: number): number => {
      const values = times[side] ?? [];
      return (share === null ? median(values) : percentile(values, share)) / TURNS;
    };
    table(
      ['', 'ms a turn, p50', 'p95', 'more than bare, p50'],
      sides.map(([name], side) => [
        name,
        number(perTurn(null, side)),
        number(perTurn(0.95, side)),
        number(perTurn(null, side) - perTurn(null, 0)),
      ]),
    );
    print(`${rounds} rounds of ${runs} runs each; a turn is a call of the model and, but in the last, of a tool.`);
  },
};

function definition(name: string, url: string, budget: object): object {
  return {
    name,
    model: { primary: { provider: 'openai_compatible', model: 'stub', base_url: url } },
    tools: [
      { name: 'step', type: 'client', description: 'Does nothing', parameters: { type: 'object', properties: { n: { type: 'integer' } } } },
    ],
    budget,
  };
}

async function store(server: HeddleServer, agent: object): Promise<void> {
  const response = await fetch(`${server.url}/api/v1/agents`, { method: 'POST', headers: server.headers, body: JSON.stringify(agent) });
  if (!response.ok) throw new Error(`POST /agents answered ${response.status}: ${await response.text()}`);
}

async function ask(server: HeddleServer, agent: string, runs: number): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const startedAt = performance.now();
    const response = await fetch(`${server.url}/api/v1/agents/${agent}/run`, {
      method: 'POST',
      headers: server.headers,
      body: '{"query":"Go"}',
    });
    const { response: said } = (await response.json()) as { response?: string };
    if (said !== 'done') throw new Error(`${agent} answered ${response.status}`);
    times.push(performance.now() - startedAt);
  }
  return times;
}

await runAlone(import.meta, agentTurns);
