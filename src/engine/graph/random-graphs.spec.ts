import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { onCrashPoint } from '../crash-points.js';
import { expandEntry, type JournalEntry } from '../journal/journal-entry.js';
import { RunHistory } from '../journal/run-history.js';
import type { GraphDefinition, NodeDefinition } from '../model/definition.js';
import type { Json, JsonObject } from '../model/json.js';
import { TERMINAL_EVENT_TYPES } from '../model/run-event.js';
import { StepError, type SerializedError } from '../model/step-error.js';
import type { StoredDefinition } from '../ports/definitions.js';
import type { NodeCall } from '../ports/node-type.js';
import { EngineHarness } from '../testing/engine-harness.js';
import { deviations, expectedOf, FALLBACK, MISSING, ownValue, PAUSED, type Observed } from '../testing/graph-model.js';
import { journalFaults } from '../testing/journal-faults.js';
import { MemoryRunStore } from '../testing/memory-run-store.js';
import { MortalStore } from '../testing/mortal-store.js';
import { randomGraph, type PlannedGraph, type PlannedNode } from '../testing/random-graph.js';
import { SeededRandom, testSeed } from '../testing/seeded-random.js';

const SEED = testSeed(process.env['HEDDLE_TEST_SEED']);
const BATCH = 40;
const LEASE_MS = 20_000;
const HANG_LIMIT_MS = 8;
const CHILD = 'random/child';

// --- Plans as definitions over the harness's node types --------------------------------------------------------------

function definitionOf(graph: PlannedGraph, random: SeededRandom): GraphDefinition {
  const seen: JsonObject = {};
  const values: JsonObject = {};
  for (const node of graph.nodes) {
    const { id } = node;
    seen[id] = `{{ nodes.${id}.status }}`;
    values[id] = `{{ nodes.${id}.status == 'success' ? dyn(${node.forEach === null ? valueIn(node) : `nodes.${id}.output`}) : null }}`;
  }
  return {
    name: `random/${randomUUID()}`,
    nodes: random.shuffle(graph.nodes).map((node) => nodeOf(graph, node, random)),
    outputs: { seen, values },
    settings: {
      on_error: graph.onError,
      max_parallel_nodes: graph.maxParallelNodes,
      retry: { max_attempts: graph.runAttempts, backoff: 'constant', initial_delay_ms: random.between(0, 3) },
    },
  };
}

function nodeOf(graph: PlannedGraph, node: PlannedNode, random: SeededRandom): NodeDefinition {
  const { needs, join, when, attempts, onError, forEach } = node;
  const plain = onError === 'stop' || onError === 'continue' ? { on_error: onError } : {};
  const fallback = onError === 'fallback' ? FALLBACK : '{{ inputs.missing.deep }}';
  return {
    id: node.id,
    ...work(graph, node, random),
    ...(needs.length === 0 ? {} : { needs, join }),
    ...(when === 'absent' ? {} : { when: { yes: '{{ 2 > 1 }}', no: '{{ 1 > 2 }}', fault: '{{ inputs.missing.deep }}' }[when] }),
    ...(attempts === 1 ? {} : { retry: { max_attempts: attempts, backoff: 'constant', initial_delay_ms: random.between(0, 3) } }),
    ...(onError === 'default' || onError === 'stop' || onError === 'continue' ? plain : { on_error: { output: { v: fallback } } }),
    ...(forEach === null
      ? {}
      : { for_each: { items: forEach.items === 'no_array' ? 'none' : [...forEach.items], max_parallel: forEach.maxParallel } }),
  };
}

function work(
  graph: PlannedGraph,
  node: PlannedNode,
  random: SeededRandom,
): Pick<NodeDefinition, 'type' | 'config' | 'inputs' | 'timeout_ms'> {
  if (node.kind === 'pause') return { type: 't.sleep', config: { ms: random.between(0, 6) } };
  const { trouble } = node;
  const what: JsonObject = {
    v: node.forEach === null ? valueExpression(graph, node) : '{{ item * 10 + index }}',
    trouble: trouble.kind === 'expression' ? troubled(node, 'inputs.missing.deep') : troubled(node, `'${trouble.kind}'`),
    times: 'times' in trouble ? trouble.times : 0,
    retryable: trouble.kind === 'always' ? trouble.retryable : true,
    run_attempt: '{{ run.attempt }}',
    pure: node.kind === 'pure',
  };
  if (node.kind === 'child') return { type: 't.child', config: { workflow: CHILD }, inputs: what };
  const limit = trouble.kind === 'hang' ? { timeout_ms: HANG_LIMIT_MS } : {};
  return { type: node.kind === 'pure' ? 't.pure' : 't.do', config: { do: 'work', ...what }, ...limit };
}

/** Of a fan-out, only some items are in trouble. */
function troubled(node: PlannedNode, expression: string): string {
  return `{{ ${node.forEach === null ? expression : `item % 3 == 0 ? dyn(${expression}) : dyn('none')`} }}`;
}

function valueExpression(graph: PlannedGraph, node: PlannedNode): string {
  const needs = node.join === 'any_success' ? [] : graph.nodes.filter(({ id }) => node.needs.includes(id));
  const term = (need: PlannedNode): string => `(nodes.${need.id}.status == 'success' ? dyn(${valueIn(need)}) : dyn(${MISSING}))`;
  return `{{ ${[String(ownValue(node)), ...needs.map(term)].join(' + ')} }}`;
}

/** What a node that succeeded counts for. */
function valueIn({ id, kind, forEach, onError }: PlannedNode): string {
  if (forEach !== null) return `size(nodes.${id}.output)`;
  return kind === 'pause' && onError !== 'fallback'
    ? String(PAUSED)
    : kind === 'pause'
      ? `(nodes.${id}.error == null ? ${PAUSED} : ${FALLBACK})`
      : `nodes.${id}.output.v`;
}

const CHILD_NODES: NodeDefinition[] = [
  {
    id: 'x',
    type: 't.do',
    config: {
      do: 'work',
      v: '{{ inputs.v }}',
      trouble: '{{ inputs.trouble }}',
      times: '{{ inputs.times }}',
      retryable: '{{ inputs.retryable }}',
      run_attempt: '{{ inputs.run_attempt }}',
    },
  },
];

// --- A world of engines that die ---------------------------------------------------------------------------------------

interface Life {
  readonly harness: EngineHarness;
  readonly mortal: MortalStore;
}

/** A store and the engines on it, which are killed at crash points and replaced. */
class World {
  readonly faults: string[] = [];
  crashes = 0;
  private readonly store: MemoryRunStore;
  private lives: Life[] = [];
  private skew = 0;
  private untilCrash: number;
  private readonly definitions: StoredDefinition[] = [];

  constructor(
    private readonly random: SeededRandom,
    private readonly engines: number,
    private readonly crashEvery: number,
    private crashesLeft: number,
  ) {
    this.store = new MemoryRunStore(() => Date.now() + this.skew);
    this.untilCrash = random.between(1, crashEvery * 2);
    for (let count = 0; count < engines; count += 1) this.lives.push(this.begin());
    this.define({ name: CHILD, nodes: CHILD_NODES, outputs: '{{ nodes.x.output }}' });
    onCrashPoint(() => this.atCrashPoint());
  }

  define(definition: GraphDefinition): StoredDefinition {
    const { nodes, ...more } = definition;
    const stored = (this.lives[0] as Life).harness.define([...nodes], more);
    this.definitions.push(stored);
    for (const { harness } of this.lives) harness.adopt(stored);
    return stored;
  }

  /** Submits until an engine lives long enough to say that it has accepted. */
  async submit(definition: StoredDefinition): Promise<string> {
    const id = randomUUID();
    for (;;) {
      const { harness, mortal } = this.random.pick(this.lives);
      const submitted = harness.submit(definition, { id }).then(() => true);
      if ((await Promise.race([submitted, mortal.died])) === true) return id;
    }
  }

  async cancel(runId: string): Promise<string> {
    const { harness, mortal } = this.random.pick(this.lives);
    const receipt = harness.engine.cancel({ tenant: 'default', runId, reason: null });
    return (await Promise.race([receipt, mortal.died]))?.status ?? 'unknown';
  }

  async ended(runId: string, limitMs = 20_000): Promise<JournalEntry[]> {
    const giveUpAt = Date.now() + limitMs;
    for (;;) {
      const journal = (await this.store.loadJournals([runId])).get(runId) ?? [];
      if (TERMINAL_EVENT_TYPES.has(journal.at(-1)?.type ?? 'run.created')) return journal;
      if (Date.now() > giveUpAt) throw new Error(`never ends: ${journal.map(({ type, step }) => `${type} ${step ?? ''}`).join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
  }

  /** The children a run has started, as their parent's journal names them. */
  childrenOf(journal: readonly JournalEntry[]): string[] {
    return journal.flatMap((entry) => {
      const { wait } = JSON.parse(entry.data) as { wait?: { kind: string; run_id: string } };
      return wait?.kind === 'child' ? [wait.run_id] : [];
    });
  }

  async stop(): Promise<void> {
    onCrashPoint(null);
    for (const { harness, mortal } of this.lives) {
      mortal.die();
      harness.engine.kill();
    }
  }

  private begin(): Life {
    const mortal = new MortalStore(this.store);
    const options = { leaseMs: LEASE_MS, parkAfterMs: this.random.pick([0, 1, 4]), pollMs: 5, journalLanes: this.random.pick([1, 2]) };
    const harness = new EngineHarness(mortal.store, options);
    const life: Life = { harness, mortal };
    harness.behaviours.set('work', (call) => this.work(life, call));
    for (const definition of this.definitions) harness.adopt(definition);
    harness.engine.start();
    return life;
  }

  private atCrashPoint(): void {
    this.untilCrash -= 1;
    if (this.untilCrash > 0 || this.crashesLeft === 0) return;
    this.crashesLeft -= 1;
    this.untilCrash = this.random.between(1, this.crashEvery * 2);
    this.crashes += 1;
    const index = this.random.between(0, this.lives.length - 1);
    const victim = this.lives[index] as Life;
    victim.mortal.die();
    victim.harness.engine.kill();
    // Its leases run out; those of a survivor too, which has to find out for itself.
    this.skew += LEASE_MS + 1;
    this.lives[index] = this.begin();
  }

  private async work(life: Life, call: NodeCall): Promise<Json> {
    if (!life.mortal.isDead && this.engines === 1 && call.config['pure'] !== true) await this.checkStart(life, call);
    const { v, trouble, times, retryable, run_attempt: runAttempt } = call.config;
    for (let turns = this.random.between(0, 3); turns > 0; turns -= 1) await turn();
    if (this.random.chance(0.1)) await new Promise((resolve) => setTimeout(resolve, this.random.between(1, 4)));
    if (trouble === 'hang')
      await new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason), { once: true }));
    const fails =
      trouble === 'always' ||
      (trouble === 'at_first' && call.attempt <= Number(times)) ||
      (trouble === 'in_run_attempts' && Number(runAttempt) <= Number(times));
    if (fails) throw new StepError('trouble', 'trouble', { retryable: retryable === true });
    return { v: v ?? null };
  }

  /** With one engine alive, no effect that is recorded as done is done again. */
  private async checkStart(life: Life, { run, path, attempt }: NodeCall): Promise<void> {
    const journal = (await this.store.loadJournals([run.id])).get(run.id) ?? [];
    if (life.mortal.isDead) return;
    const record = RunHistory.from(journal).steps.get(path);
    if (record?.status === 'success') this.faults.push(`${path} is done again`);
    if (record !== undefined && record.attempt > attempt)
      this.faults.push(`${path} makes attempt ${attempt} after attempt ${record.attempt}`);
  }
}

function turn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(() => resolve(undefined)));
}

// --- What is seen of a run ---------------------------------------------------------------------------------------------

function observe(journal: readonly JournalEntry[]): Observed {
  const last = expandEntry(journal.at(-1) as JournalEntry).at(-1);
  const { outputs, error } = (last?.data ?? {}) as {
    outputs?: { seen: JsonObject; values: JsonObject };
    error?: SerializedError & { step?: string };
  };
  const status = { 'run.completed': 'success', 'run.failed': 'failed', 'run.cancelled': 'cancelled' }[last?.type as string] ?? 'open';
  const plain = (value: Json | undefined): Json =>
    Array.isArray(value) ? value.map((each) => (each as { v?: Json } | null)?.v ?? null) : (value ?? null);
  return {
    status,
    error: error === undefined ? null : { code: error.code, step: error.step },
    steps: new Map([...RunHistory.from(journal).steps].map(([path, record]) => [path, record.status])),
    seen: outputs?.seen ?? {},
    values: Object.fromEntries(Object.entries(outputs?.values ?? {}).map(([id, value]) => [id, plain(value)])),
  };
}

let world: World | undefined;
afterEach(async () => world?.stop());

async function judge(current: World, graph: PlannedGraph, definition: StoredDefinition, random: SeededRandom): Promise<string[]> {
  const runId = await current.submit(definition);
  let receipt: string | null = null;
  if (random.chance(0.06)) {
    await new Promise((resolve) => setTimeout(resolve, random.between(0, 12)));
    receipt = await current.cancel(runId);
  }
  const journal = await current.ended(runId);
  const observed = observe(journal);
  const faults = journalFaults(journal);
  for (const child of current.childrenOf(journal))
    faults.push(...journalFaults(await current.ended(child)).map((fault) => `child: ${fault}`));
  if (receipt === 'cancelling' && observed.status !== 'cancelled') faults.push(`was cancelling and ended as ${observed.status}`);
  if (receipt !== null && observed.status === 'cancelled') return faults;
  return [...faults, ...deviations(graph, expectedOf(graph), observed)];
}

describe(`random graphs, seed ${SEED}`, () => {
  it.each([
    ['as the model says', { engines: 1, batches: 15, crashesEach: 0 }],
    ['as the model says when engines die', { engines: 1, batches: 25, crashesEach: 15 }],
    ['as the model says when engines die and others lose their leases', { engines: 2, batches: 20, crashesEach: 15 }],
  ])('end %s', { timeout: 180_000 }, async (_, { engines, batches, crashesEach }) => {
    let crashes = 0;
    for (let batch = 0; batch < batches; batch += 1) {
      const seed = SEED + batch * 7_919 + engines * 104_729 + crashesEach;
      const random = new SeededRandom(seed);
      const current = (world = new World(new SeededRandom(seed ^ 0x5eed), engines, random.pick([5, 30, 100]), crashesEach));
      const faults = await Promise.all(
        Array.from({ length: BATCH }, async () => {
          const graph = randomGraph(random);
          const definition = current.define(definitionOf(graph, random));
          const found = await judge(current, graph, definition, new SeededRandom(random.between(1, 1_000_000_000))).catch(
            (error: unknown) => [String(error)],
          );
          return found.length === 0 ? [] : [{ found, graph: JSON.stringify(graph) }];
        }),
      );
      expect({ seed: SEED, batch, faults: faults.flat().slice(0, 3), more: current.faults }).toEqual({
        seed: SEED,
        batch,
        faults: [],
        more: [],
      });
      crashes += current.crashes;
      await current.stop();
    }
    console.log(`${batches * BATCH} graphs, ${crashes} crashes, seed ${SEED}`);
  });
});
