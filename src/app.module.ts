import { Module, type DynamicModule } from '@nestjs/common';
import type { Logger } from 'pino';
import { ConfigModule, type HeddleConfig } from './config/index.js';
import { DatabaseModule } from './platform/database/index.js';
import { EventsModule } from './platform/events/index.js';
import { HealthModule } from './platform/health/index.js';
import { LifecycleModule } from './platform/lifecycle/index.js';
import { LoggingModule } from './platform/logging/index.js';

/** Everything the server is made of. */
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
        DatabaseModule,
        HealthModule,
      ],
    };
  }
}
