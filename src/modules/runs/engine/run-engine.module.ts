import { Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { hostname } from 'node:os';
import type { Pool } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import { DEFAULT_ENGINE_OPTIONS, ownerName, RunEngine } from '../../../engine/index.js';
import { programOf } from '../../../engine/workflow/index.js';
import { DatabaseModule, ENGINE_POOL, Notifier, PostgresListener } from '../../../platform/database/index.js';
import { ShutdownRegistry } from '../../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import { ArtifactsModule, RunArtifacts } from '../../artifacts/index.js';
import { operatorSecret } from '../../auth/index.js';
import { NodesModule, NodeTypeRegistry } from '../../nodes/index.js';
import { DefinitionsService, WorkflowsModule } from '../../workflows/index.js';
import { PostgresRunStore } from '../store/postgres-run-store.js';

/** Channels of hints between the engines of different processes. */
const READY_CHANNEL = 'heddle_runs_ready';
const WAKE_CHANNEL = 'heddle_runs_wake';

/** The engine of this process, wired to its store, its node types and the engines of other processes. */
@Module({
  imports: [ArtifactsModule, DatabaseModule, NodesModule, WorkflowsModule],
  providers: [
    {
      provide: RunEngine,
      inject: [CONFIG, ENGINE_POOL, DefinitionsService, RunArtifacts, NodeTypeRegistry, Notifier, LOGGER],
      useFactory: createEngine,
    },
  ],
  exports: [RunEngine],
})
export class RunEngineModule implements OnApplicationBootstrap {
  constructor(
    private readonly engine: RunEngine,
    private readonly listener: PostgresListener,
    private readonly shutdown: ShutdownRegistry,
    @Inject(CONFIG) private readonly config: HeddleConfig,
  ) {}

  onApplicationBootstrap(): void {
    const { engine } = this;
    const look = (): void => engine.hintReady();
    this.listener.listen(READY_CHANNEL, look, look);
    this.listener.listen(WAKE_CHANNEL, (runId) => engine.hintWake([runId]));
    this.shutdown.register('drain', 'run engine', () => engine.drain(this.config.shutdown.drainMs));
    this.shutdown.register('stop-work', 'run engine', () => engine.stop());
    engine.start();
  }
}

function createEngine(
  config: HeddleConfig,
  pool: Pool,
  definitions: DefinitionsService,
  artifacts: RunArtifacts,
  nodeTypes: NodeTypeRegistry,
  notifier: Notifier,
  logger: Logger,
): RunEngine {
  const environment = {
    nodeTypes,
    env: config.expressionEnvValues,
    secret: (tenant: string, name: string) => operatorSecret(config, tenant, name),
  };
  return new RunEngine(
    {
      store: new PostgresRunStore(pool),
      definitions,
      programs: (definition) => programOf(definitions.compiled(definition), environment),
      artifacts,
      newId: uuidv7,
      hints: {
        ready: () => notifier.hint(READY_CHANNEL, 'ready'),
        wake: (runIds) => {
          for (const runId of runIds) notifier.hint(WAKE_CHANNEL, runId);
        },
      },
      logger,
    },
    {
      ...DEFAULT_ENGINE_OPTIONS,
      owner: ownerName(hostname(), process.pid),
      executes: config.role !== 'api',
      leaseMs: config.engine.leaseMs,
      concurrency: config.engine.concurrency,
      parkAfterMs: config.engine.parkAfterMs,
      journalLanes: config.engine.journalLanes,
      maxInlineOutput: config.engine.maxInlineOutput,
    },
  );
}
