import { Module } from '@nestjs/common';
import { SecretsModule } from '../../platform/secrets/index.js';
import { FeedsModule } from '../feeds/index.js';
import { RunsModule } from '../runs/index.js';
import { WorkflowsModule } from '../workflows/index.js';
import { CronClock } from './cron-clock.js';
import { DefinitionTriggers } from './definition-triggers.js';
import { EventTriggers } from './event-triggers.js';
import { FireDispatcher } from './fires/fire-dispatcher.js';
import { FireStore } from './fires/fire-store.js';
import { FiredRuns } from './fires/fired-runs.js';
import { HookAccessIssuer } from './hook-access.js';
import { HooksController } from './hooks.controller.js';
import { HooksService } from './hooks.service.js';
import { TriggerStore } from './trigger-store.js';
import { TriggersController, WorkflowTriggersController } from './triggers.controller.js';
import { TriggersService } from './triggers.service.js';

/** What starts runs by itself: time, calls from outside, events of other runs. */
@Module({
  imports: [SecretsModule, FeedsModule, RunsModule, WorkflowsModule],
  controllers: [WorkflowTriggersController, TriggersController, HooksController],
  providers: [
    TriggerStore,
    TriggersService,
    DefinitionTriggers,
    HookAccessIssuer,
    HooksService,
    FireStore,
    FireDispatcher,
    FiredRuns,
    CronClock,
    EventTriggers,
  ],
})
export class TriggersModule {}
