import type { Server } from 'node:http';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { AppModule } from './app.module.js';
import { DIALECTS, listenOnDialectPorts, setupDialectDocuments } from './compat/index.js';
import type { DialectName, HeddleConfig } from './config/index.js';
import { BootstrapService } from './modules/auth/index.js';
import { NotFoundError } from './platform/errors/app-error.js';
import { EdgeAdapter } from './platform/http/edge.adapter.js';
import { setupOpenApi } from './platform/http/openapi.js';
import { setupHttp } from './platform/http/setup-http.js';
import { drainRequests, Lifecycle, ShutdownRegistry } from './platform/lifecycle/index.js';
import { createLogger, NestLogger, type Logger } from './platform/logging/index.js';

const API_PREFIX = 'api/v1';
/** Paths that have no place below `/api/v1`. */
const ROOT_PATHS = ['health', 'health/{*path}', 'hooks/{*path}', 'compat/{*path}'];
/** Longer than the idle time of usual proxies, so that they and not we close a reused connection. */
const KEEP_ALIVE_MS = 75_000;

/** Builds the whole application, ready to listen: what `main.ts` serves, what tests drive. */
export async function createApp(config: HeddleConfig, logger: Logger = createLogger(config)): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config, logger), new EdgeAdapter(), {
    logger: new NestLogger(logger),
    bodyParser: false,
    forceCloseConnections: true,
    abortOnError: false,
    routeConflictPolicy: { duplicate: 'error' },
    routeResolutionStrategy: 'specificity',
  });
  app.setGlobalPrefix(API_PREFIX, { exclude: ROOT_PATHS });
  setupHttp(app, DIALECTS);
  if (config.role === 'worker') app.use(healthOnly);
  setupOpenApi(app);
  setupDialectDocuments(app);
  tune(app.getHttpServer(), app, config);
  return app;
}

/** What holds for every port. */
function tune(server: Server, app: NestExpressApplication, config: HeddleConfig): void {
  server.requestTimeout = config.http.requestTimeoutMs;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  drainRequests(server, app.get(ShutdownRegistry));
}

/** A worker answers probes and nothing else. */
function healthOnly(request: Request, _response: Response, next: NextFunction): void {
  next(/^\/health(?:\/|$)/.test(request.path) ? undefined : new NotFoundError('this process is a worker; the path'));
}

/** The routes of the application with nothing behind them: no database is opened, nothing starts. What the OpenAPI document is made of. */
export async function describeApp(config: HeddleConfig): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config, createLogger(config)), {
    preview: true,
    logger: ['error'],
    abortOnError: false,
  });
  app.setGlobalPrefix(API_PREFIX, { exclude: ROOT_PATHS });
  return app;
}

/** What a user needs to begin. */
export interface Served {
  /** Where the server can be reached, without a trailing slash. */
  readonly url: string;
  /** Only at the very first start: nobody can read it again. */
  readonly adminKey: string | null;
  /** Where dialects answer on ports of their own. */
  readonly dialects: Readonly<Partial<Record<DialectName, string>>>;
}

/** Lets requests in. */
export async function serve(app: NestExpressApplication, config: HeddleConfig): Promise<Served> {
  const adminKey = await app.get(BootstrapService).ensureAdminKey();
  await app.listen(config.http.port, config.http.host);
  const ports = config.role === 'worker' ? {} : await listenOnDialectPorts(app, config, (side) => tune(side, app, config));
  app.get(Lifecycle).markStarted();
  const server: Server = app.getHttpServer();
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.http.port;
  const urlOf = (at: number): string => `http://${reachable(config.http.host)}:${at}`;
  const dialects = Object.fromEntries(Object.entries(ports).map(([name, at]) => [name, urlOf(at)]));
  return { url: urlOf(port), adminKey, dialects };
}

/** An address that listens everywhere is shown as one that can be opened. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
