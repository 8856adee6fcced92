import { Module } from '@nestjs/common';
import { RunsModule } from '../runs/index.js';
import { WorkflowsModule } from '../workflows/index.js';
import { DefinitionRetention } from './definition-retention.js';
import { RetentionLoop } from './retention-loop.js';
import { RetentionStore } from './retention-store.js';

/** How long runs are kept. */
@Module({ imports: [RunsModule, WorkflowsModule], providers: [DefinitionRetention, RetentionStore, RetentionLoop] })
export class RetentionModule {}
