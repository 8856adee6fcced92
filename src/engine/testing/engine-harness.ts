import { randomUUID } from 'node:crypto';
import type { GraphEnvironment } from '../graph/graph-environment.js';
import type { JournalEntry } from '../journal/journal-entry.js';
import { expandEntry } from '../journal/journal-entry.js';
import { RunHistory } from '../journal/run-history.js';
import { DEFAULT_ENGINE_OPTIONS, type EngineOptions } from '../kernel/engine-options.js';
import { RunEngine } from '../kernel/run-engine.js';
import type { SubmitRun } from '../kernel/submission.js';
import type { GraphDefinition, NodeDefinition, WorkflowSettings } from '../model/definition.js';
import type { Json, JsonObject } from '../model/json.js';
import type { RunEvent } from '../model/run-event.js';
import type { StatesDefinition } from '../model/states-definition.js';
import type { TerminalRunStatus } from '../model/statuses.js';
import { StepError } from '../model/step-error.js';
import type { Definitions, StoredDefinition } from '../ports/definitions.js';
import { silentLogger } from '../ports/logger.js';
import type { DurableCall, NodeCall, NodeType, NodeTypes } from '../ports/node-type.js';
import type { RunStore } from '../ports/run-store.js';
import { MemoryArtifacts } from './memory-artifacts.js';
import { compileWorkflow, programOf } from '../workflow/index.js';
import { MemoryRunStore } from './memory-run-store.js';
import { PLAIN_NODE_TYPES } from './plain-node-types.js';

type Behaviour = (call: NodeCall) => Promise<Json> | Json;

/** How a run ended, with everything a test may ask about it. */
export interface EndedRun {
  readonly id: string;
  readonly status: TerminalRunStatus;
  readonly outputs: Json;
  readonly events: RunEvent[];
  readonly history: RunHistory;
}

/**
 * A kernel with node types that do what a test says, over the in-memory store unless another is given:
 * `t.do` runs the behaviour named in its config, `t.pure` the same as a pure node, `t.sleep`, `t.child` and `t.signal` wait.
 */
export class EngineHarness {
  readonly engine: RunEngine;
  readonly behaviours = new Map<string, Behaviour>();
  readonly calls: string[] = [];
  private readonly definitions = new Map<string, StoredDefinition>();

  constructor(
    readonly store: RunStore = new MemoryRunStore(),
    options: Partial<EngineOptions> = {},
    readonly artifacts: MemoryArtifacts = new MemoryArtifacts(),
  ) {
    this.engine = new RunEngine(
      {
        store,
        definitions: this.definitionsPort(),
        programs: ({ definition }) => programOf(compileWorkflow(definition), this.environment()),
        newId: randomUUID,
        hints: { ready: () => undefined, wake: () => undefined },
        logger: silentLogger,
        artifacts: this.artifacts,
      },
      { ...DEFAULT_ENGINE_OPTIONS, owner: `harness-${randomUUID()}`, pollMs: 20, parkAfterMs: 5, stopGraceMs: 200, ...options },
    );
  }

  /** Stores a state machine. */
  defineStates(definition: StatesDefinition): StoredDefinition {
    const { name } = definition;
    const stored = { versionId: randomUUID(), workflowId: randomUUID(), tenant: 'default', name, version: 1, source: 'api' };
    const adopted: StoredDefinition = { ...stored, definition };
    this.adopt(adopted);
    return adopted;
  }

  private environment(): GraphEnvironment {
    return { nodeTypes: this.nodeTypes(), env: { REGION: 'eu' }, secret: (_, name) => SECRETS[name] };
  }

  /** Stores a definition, or another harness's under the same version id. */
  define(nodes: NodeDefinition[], more: Partial<GraphDefinition> & { settings?: WorkflowSettings } = {}): StoredDefinition {
    const name = more.name ?? `test/${randomUUID()}`;
    const definition: StoredDefinition = {
      versionId: randomUUID(),
      workflowId: randomUUID(),
      tenant: 'default',
      name,
      version: 1,
      source: 'api',
      definition: { name, nodes, ...more },
    };
    this.adopt(definition);
    return definition;
  }

  adopt(definition: StoredDefinition): void {
    this.definitions.set(definition.versionId, definition);
  }

  async submit(definition: StoredDefinition, request: Partial<SubmitRun> = {}): Promise<string> {
    const { runId } = await this.engine.submit({ tenant: 'default', definition, inputs: {}, trigger: 'api', ...request });
    return runId;
  }

  /** Submits and waits for the end. */
  async run(definition: StoredDefinition, inputs: JsonObject = {}, request: Partial<SubmitRun> = {}): Promise<EndedRun> {
    return await this.ended(await this.submit(definition, { inputs, ...request }));
  }

  /** Waits until the run is over, wherever it is executed. */
  async ended(runId: string): Promise<EndedRun> {
    const committed = await this.until(runId, (history) => history.terminal);
    const journal = await this.engine.outputs.putBack('default', committed);
    const events = journal.flatMap(expandEntry);
    const last = events.at(-1) as RunEvent;
    const status = ({ 'run.completed': 'success', 'run.failed': 'failed' } as const)[last.type as string] ?? 'cancelled';
    return { id: runId, status, outputs: last.data['outputs'] ?? null, events, history: RunHistory.from(journal) };
  }

  /** Waits until the run's committed journal satisfies a condition, and returns it. */
  async until(runId: string, condition: (history: RunHistory, journal: JournalEntry[]) => boolean): Promise<JournalEntry[]> {
    for (;;) {
      const journal = (await this.store.loadJournals([runId])).get(runId) ?? [];
      if (condition(RunHistory.from(journal), journal)) return journal;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  private definitionsPort(): Definitions {
    return {
      byVersionId: async (versionId) => {
        const found = this.definitions.get(versionId);
        if (found === undefined) throw new StepError('definition_missing', `no version ${versionId}`, { retryable: false });
        return found;
      },
      resolve: async (_tenant, ref) => [...this.definitions.values()].find((definition) => definition.name === ref) ?? null,
      prepareInputs: (_definition, inputs) => inputs,
    };
  }

  nodeTypes(): NodeTypes {
    const perform = async (call: NodeCall): Promise<Json> => {
      this.calls.push(call.path);
      const behaviour = this.behaviours.get(String(call.config['do'] ?? ''));
      return behaviour === undefined ? { ...call.config } : await behaviour(call);
    };
    const types: NodeType[] = [
      ...PLAIN_NODE_TYPES,
      { ...spec('t.do'), pure: false, execute: perform },
      { ...spec('t.pure'), pure: true, execute: perform },
      {
        ...spec('t.fail'),
        pure: false,
        execute: async (call) => {
          this.calls.push(call.path);
          throw new StepError(String(call.config['code'] ?? 'boom'), 'it fails', { retryable: call.config['retryable'] !== false });
        },
      },
      {
        ...spec('t.sleep'),
        pure: false,
        durable: true,
        execute: async (call: DurableCall) => {
          await call.sleepUntil('sleep', (await call.startedAt()) + Number(call.config['ms']));
          return {};
        },
      },
      {
        ...spec('t.child'),
        pure: false,
        durable: true,
        execute: async (call: DurableCall) => {
          const runId = await call.startChild('child', { workflow: String(call.config['workflow']), inputs: call.inputs });
          const { status, outputs } = await call.waitForChild('wait', runId);
          if (status !== 'success') throw new StepError('child_failed', `child ended as ${status}`, { retryable: false });
          return outputs;
        },
      },
      {
        ...spec('t.signal'),
        pure: false,
        durable: true,
        execute: async (call: DurableCall) => (await call.waitForSignal('signal', String(call.config['name']))) ?? null,
      },
      {
        ...spec('t.steps'),
        pure: false,
        durable: true,
        execute: async (node: DurableCall) => {
          const call = node.config['continued'] === true ? node.continued() : node;
          const results: Json[] = [];
          for (let turn = 1; turn <= Number(call.config['turns']); turn += 1) {
            results.push(await call.step(`turn-${turn}`, {}, perform));
          }
          return results;
        },
      },
    ];
    const byName = new Map(types.map((type) => [type.type, type]));
    return { get: (type) => byName.get(type), list: () => types, validateResolved: () => [] };
  }
}

const SECRETS: Record<string, string> = { TOKEN: 's3cr3t-"quoted"' };

function spec(type: string): {
  type: string;
  category: string;
  description: string;
  configSchema: JsonObject;
  inputSchema: JsonObject;
  outputSchema: JsonObject;
} {
  return { type, category: 'test', description: type, configSchema: {}, inputSchema: {}, outputSchema: {} };
}
