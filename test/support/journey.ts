import type { ApiClient } from './api-client.js';
import type { EffectsServer } from './effects-server.js';
import { storeWorkflow, type RunBody } from './runs.js';

/** Parts of a journey that run one after the other, two at a time. */
const PARTS = ['a', 'b', 'c'];

const post = (path: string, label: string): object => ({
  method: 'POST',
  url: `{{ inputs.url }}${path}`,
  body: { label },
  body_type: 'json',
  timeout_ms: 120_000,
});

/** Everything a run can do that a crash may interrupt: effects, a fan-out, a wait that parks, a child run, pure steps. */
const JOURNEY = {
  name: 'durability/journey',
  nodes: [
    { id: 'prepare', type: 'transform.set', config: { values: { label: 'journey {{ inputs.n }}' } } },
    { id: 'begin', type: 'http.request', needs: ['prepare'], config: post('/begin', '{{ nodes.prepare.output.label }}') },
    {
      id: 'parts',
      type: 'http.request',
      needs: ['begin'],
      for_each: { items: `{{ ${JSON.stringify(PARTS)} }}`, max_parallel: 2 },
      config: post('/part', '{{ nodes.prepare.output.label }}{{ item }}'),
    },
    { id: 'nap', type: 'time.delay', needs: ['parts'], config: { delay_ms: 150 } },
    {
      id: 'leg',
      type: 'workflow.run',
      needs: ['nap'],
      config: { workflow: 'durability/leg', inputs: { n: '{{ inputs.n }}', url: '{{ inputs.url }}' } },
    },
    { id: 'arrive', type: 'http.request', needs: ['leg'], config: post('/arrive', '{{ nodes.leg.output.outputs.label }}!') },
  ],
  outputs: {
    begun: '{{ nodes.begin.output.body.answer }}',
    parts: '{{ nodes.parts.output.map(part, part.body.answer) }}',
    leg: '{{ nodes.leg.output.outputs }}',
    arrived: '{{ nodes.arrive.output.body.answer }}',
  },
};

const LEG = {
  name: 'durability/leg',
  nodes: [
    { id: 'walk', type: 'http.request', config: post('/leg', 'leg {{ inputs.n }}') },
    { id: 'rest', type: 'transform.set', needs: ['walk'], config: { values: { label: '{{ nodes.walk.output.body.answer }}' } } },
  ],
  outputs: { label: '{{ nodes.rest.output.label }}' },
};

/** One effect that ends when the world answers, and one that needs it. */
const ERRAND = {
  name: 'durability/errand',
  nodes: [
    { id: 'go', type: 'http.request', config: post('/go', 'go {{ inputs.n }}') },
    { id: 'return', type: 'http.request', needs: ['go'], config: post('/return', '{{ nodes.go.output.body.answer }}') },
  ],
  outputs: { answer: '{{ nodes.return.output.body.answer }}' },
};

const SLEEP = { name: 'durability/sleep', nodes: [{ id: 'sleep', type: 'time.delay', config: { delay_ms: 600_000 } }] };

export async function storeJourneys(api: ApiClient): Promise<void> {
  for (const workflow of [LEG, JOURNEY, ERRAND, SLEEP]) await storeWorkflow(api, workflow);
}

/** Effects of one journey, its child run included. */
export const EFFECTS_OF_JOURNEY = PARTS.length + 3;

export function outputsOfJourney(n: number): object {
  return {
    begun: `journey ${n} done`,
    parts: PARTS.map((part) => `journey ${n}${part} done`),
    leg: { label: `leg ${n} done` },
    arrived: `leg ${n} done! done`,
  };
}

export function outputsOfErrand(n: number): object {
  return { answer: `go ${n} done done` };
}

/** Starts a run of one of these workflows; with `wait`, returns once it is over. */
export async function start(
  api: ApiClient,
  workflow: string,
  n: number,
  world: EffectsServer,
  query: { wait?: string } = {},
): Promise<string> {
  const answer = await api.post<RunBody>(`/workflows/${encodeURIComponent(workflow)}/runs`, { inputs: { n, url: world.url } }, { query });
  if (answer.status !== (query.wait === undefined ? 202 : 200))
    throw new Error(`the run was not started: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.id;
}
