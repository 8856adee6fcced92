import { v7 as uuidv7 } from 'uuid';
import { loadConfig } from '../../src/config/index.js';
import {
  DEFAULT_ENGINE_OPTIONS,
  ownerName,
  RunEngine,
  silentLogger,
  type NodeTypes,
  type RunStore,
  type StoredDefinition,
  type TerminalRunStatus,
} from '../../src/engine/index.js';
import { compileWorkflow, programOf } from '../../src/engine/workflow/index.js';
import { SchemaValidator } from '../../src/modules/nodes/schema-validator.js';
import { JournalPartitions } from '../../src/modules/runs/partitions/journal-partitions.js';
import { PostgresRunStore } from '../../src/modules/runs/store/postgres-run-store.js';
import { createEnginePool } from '../../src/platform/database/engine-pool.js';
import { Database } from '../../src/platform/database/index.js';
import { createLogger } from '../../src/platform/logging/index.js';
import { noopChain, STEPS } from '../lib/chain.js';
import { closedLoop, type Load, type LoopResult } from '../lib/closed-loop.js';
import { NoopNode } from './noop.node.js';

export interface DatabaseChoice {
  /** A Postgres, or the embedded database in this directory. */
  readonly url?: string;
  readonly dataDir: string;
}

export interface OpenStore {
  readonly store: RunStore;
  readonly journalLanes: number;
  readonly leaseMs: number;
}

/** The product's own store, opened as the server opens it, with its default pool and lanes. */
export async function openStore({ url, dataDir }: DatabaseChoice): Promise<OpenStore> {
  const config = loadConfig({ HEDDLE_DATA_DIR: dataDir, HEDDLE_LOG_LEVEL: 'silent', ...(url === undefined ? {} : { DATABASE_URL: url }) });
  const logger = createLogger(config);
  const database = await Database.open(config, logger);
  const pool = createEnginePool(database.target, config.database.enginePoolSize, logger);
  await new JournalPartitions(pool, config.partitionDays).ensure();
  return { store: new PostgresRunStore(pool), journalLanes: config.engine.journalLanes, leaseMs: config.engine.leaseMs };
}

/** The kernel without the server around it, as a library would be used. */
export class InProcessEngine {
  private readonly engine: RunEngine;
  private readonly definition: StoredDefinition = {
    versionId: uuidv7(),
    workflowId: uuidv7(),
    tenant: 'default',
    name: 'bench/steps',
    version: 1,
    source: 'api',
    definition: noopChain('bench/steps', STEPS),
  };
  private readonly waiting = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();

  constructor({ store, journalLanes, leaseMs }: OpenStore, concurrency: number) {
    const program = programOf(compileWorkflow(this.definition.definition), {
      nodeTypes: nodeTypes(),
      env: {},
      secret: () => undefined,
    });
    this.engine = new RunEngine(
      {
        store,
        definitions: {
          byVersionId: () => Promise.resolve(this.definition),
          resolve: () => Promise.resolve(this.definition),
          prepareInputs: (_, inputs) => inputs,
        },
        programs: () => program,
        newId: uuidv7,
        hints: { ready: () => undefined, wake: () => undefined },
        logger: silentLogger,
      },
      { ...DEFAULT_ENGINE_OPTIONS, owner: ownerName('bench', process.pid), journalLanes, leaseMs, concurrency },
    );
    this.engine.onEnded((runId, status) => this.ended(runId, status));
    this.engine.start();
  }

  async steps(load: Load): Promise<LoopResult> {
    return await closedLoop(load, () => this.run());
  }

  private async run(): Promise<void> {
    const id = uuidv7();
    const end = new Promise<void>((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    await this.engine.submit({ id, tenant: 'default', definition: this.definition, inputs: {}, trigger: 'api' });
    await end;
  }

  private ended(runId: string, status: TerminalRunStatus): void {
    const waiter = this.waiting.get(runId);
    this.waiting.delete(runId);
    if (status === 'success') waiter?.resolve();
    else waiter?.reject(new Error(`run ${runId} ended as ${status}`));
  }
}

function nodeTypes(): NodeTypes {
  const noop = new NoopNode();
  const check = new SchemaValidator().compile(noop.configSchema);
  return { get: () => noop, list: () => [noop], validateResolved: (_, config) => check(config) };
}
