import { Module, type DynamicModule } from '@nestjs/common';
import { CompatModule } from './compat/index.js';
import { ConfigModule, type HeddleConfig } from './config/index.js';
import { AgentsModule } from './modules/agents/index.js';
import { ApprovalsModule } from './modules/approvals/index.js';
import { ArtifactsModule } from './modules/artifacts/index.js';
import { AuthModule } from './modules/auth/index.js';
import { BusModule } from './modules/bus/index.js';
import { KvModule } from './modules/kv/index.js';
import { MemoryModule } from './modules/memory/index.js';
import { NodesModule } from './modules/nodes/index.js';
import { RagModule } from './modules/rag/index.js';
import { RetentionModule } from './modules/retention/index.js';
import { RunsModule } from './modules/runs/index.js';
import { ShellModule } from './modules/shell/index.js';
import { SystemModule } from './modules/system/index.js';
import { TriggersModule } from './modules/triggers/index.js';
import { WebhooksModule } from './modules/webhooks/index.js';
import { WorkflowsModule } from './modules/workflows/index.js';
import { DatabaseModule } from './platform/database/index.js';
import { DoctorModule } from './platform/doctor/index.js';
import { EventsModule } from './platform/events/index.js';
import { HealthModule } from './platform/health/index.js';
import { HttpModule } from './platform/http/http.module.js';
import { LifecycleModule } from './platform/lifecycle/index.js';
import { LoggingModule, type Logger } from './platform/logging/index.js';

/** Everything the server is made of. The same modules serve every role; each reads from the configuration what it does. */
@Module({})
export class AppModule {
  static with(config: HeddleConfig, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        LoggingModule.with(logger),
        LifecycleModule,
        EventsModule,
        DoctorModule,
        DatabaseModule,
        HttpModule,
        HealthModule,
        AuthModule,
        ArtifactsModule,
        NodesModule,
        WorkflowsModule,
        RunsModule,
        RetentionModule,
        ApprovalsModule,
        AgentsModule,
        BusModule,
        KvModule,
        MemoryModule,
        RagModule,
        ShellModule,
        SystemModule,
        TriggersModule,
        WebhooksModule,
        CompatModule,
      ],
    };
  }
}
