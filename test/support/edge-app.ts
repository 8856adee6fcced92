import { rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ConfigModule, type Environment, loadConfig } from '../../src/config/index.js';
import { AuthModule, BootstrapService } from '../../src/modules/auth/index.js';
import { DatabaseModule } from '../../src/platform/database/index.js';
import { EdgeAdapter } from '../../src/platform/http/edge.adapter.js';
import { HttpModule } from '../../src/platform/http/http.module.js';
import { setupHttp } from '../../src/platform/http/setup-http.js';
import { LifecycleModule } from '../../src/platform/lifecycle/index.js';
import { createLogger, LoggingModule } from '../../src/platform/logging/index.js';
import { createDataDir } from './embedded-data.js';
import { OpenApiValidator } from './openapi-validator.js';

export const EDGE_ADMIN_KEY = 'hdl_edge-tests-0123456789-abcdefghijklmnop';

/** The edge and the auth module with real routes, key store and embedded database, plus routes of a test's own. */
export interface EdgeApp {
  readonly nest: NestExpressApplication;
  readonly url: string;
  fetch(path: string, init?: RequestInit & { key?: string | null }): Promise<Response>;
  close(): Promise<void>;
}

export interface EdgeAppOptions {
  readonly env?: Environment;
  readonly controllers?: readonly Type[];
  readonly providers?: readonly Type[];
}

export async function startEdgeApp({ env = {}, controllers = [], providers = [] }: EdgeAppOptions = {}): Promise<EdgeApp> {
  const dataDir = await createDataDir();
  const config = loadConfig({
    HEDDLE_DATA_DIR: dataDir,
    HEDDLE_BOOTSTRAP_ADMIN_KEY: EDGE_ADMIN_KEY,
    HEDDLE_RATE_LIMIT: '1000000',
    HEDDLE_LOG_LEVEL: 'silent',
    ...env,
  });

  @Module({
    imports: [ConfigModule.with(config), LoggingModule.with(createLogger(config)), LifecycleModule, DatabaseModule, HttpModule, AuthModule],
    controllers: [...controllers],
    providers: [...providers],
  })
  class EdgeTestModule {}

  const nest = await NestFactory.create<NestExpressApplication>(EdgeTestModule, new EdgeAdapter(), {
    bodyParser: false,
    forceCloseConnections: true,
    logger: ['error', 'fatal'],
    abortOnError: false,
  });
  nest.setGlobalPrefix('api/v1');
  setupHttp(nest);
  await nest.listen(0, '127.0.0.1');
  await nest.get(BootstrapService).ensureAdminKey();
  const { port } = nest.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    nest,
    url,
    fetch: async (path, { key = EDGE_ADMIN_KEY, ...init } = {}) => {
      const headers = new Headers(init.headers);
      if (key !== null) headers.set('authorization', `Bearer ${key}`);
      const response = await fetch(`${url}${path}`, { ...init, headers });
      if (DESCRIBED.test(path)) await holdAgainstDocument(init.method ?? 'GET', path, response.clone());
      return response;
    },
    close: async () => {
      await nest.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The routes of the real application; the others are a test's own. */
const DESCRIBED = /^\/api\/v1\/(?:api-keys|me)\b/;
let validator: OpenApiValidator | undefined;

async function holdAgainstDocument(method: string, path: string, response: Response): Promise<void> {
  validator ??= OpenApiValidator.fromFile();
  const text = await response.text();
  const answer = { status: response.status, headers: response.headers, body: text === '' ? null : (JSON.parse(text) as unknown) };
  const faults = validator.check({ method, path: path.split('?', 1)[0] ?? path, answer });
  if (faults.length > 0) throw new Error(`openapi.json does not describe this answer:\n${faults.join('\n')}\n${text}`);
}

/** The init of a JSON request. */
export function json(method: string, body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
}
