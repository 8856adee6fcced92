import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import type { HeddleConfig } from './config/index.js';
import { Lifecycle } from './platform/lifecycle/index.js';
import { createLogger, NestLogger, type Logger } from './platform/logging/index.js';

/** Builds the whole application, ready to listen: what `main.ts` serves and what tests drive. */
export async function createApp(config: HeddleConfig, logger: Logger = createLogger(config)): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config, logger), {
    logger: new NestLogger(logger),
    bodyParser: false,
    forceCloseConnections: true,
    abortOnError: false,
  });
  app.setGlobalPrefix('api/v1', { exclude: ['health', 'health/{*path}'] });
  return app;
}
