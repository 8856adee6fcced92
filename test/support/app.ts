import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApp, serve } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/index.js';
import { createLogger } from '../../src/platform/logging/index.js';
import { ApiClient } from './api-client.js';
import { createDataDir } from './embedded-data.js';

export interface AppOptions {
  /** Environment of the server, on top of a free port, a bootstrap key and, without DATABASE_URL, an embedded database of its own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A key made for a test, and a client that uses it. */
export interface TestKey {
  readonly id: string;
  readonly key: string;
  readonly api: ApiClient;
}

/** The whole server in this process. */
export interface TestApp {
  readonly app: NestExpressApplication;
  readonly url: string;
  /** Of the dialects that have ports of their own. */
  readonly dialects: Readonly<Record<string, string>>;
  readonly adminKey: string;
  /** As the admin of tenant `default`. */
  readonly api: ApiClient;
  readonly dataDir: string;
  /** Log lines so far, as written. */
  readonly logs: readonly string[];
  createKey(options?: {
    role?: 'viewer' | 'operator' | 'admin';
    tenant?: string;
    scopes?: string[];
    rate_limit?: number;
    expires_at?: string;
  }): Promise<TestKey>;
  close(): Promise<void>;
}

export function generateAdminKey(): string {
  return `hdl_${randomBytes(32).toString('base64url')}`;
}

export async function startApp(options: AppOptions = {}): Promise<TestApp> {
  const adminKey = options.env?.['HEDDLE_BOOTSTRAP_ADMIN_KEY'] ?? generateAdminKey();
  const dataDir = options.env?.['HEDDLE_DATA_DIR'] ?? (await createDataDir());
  const config = loadConfig({
    HEDDLE_PORT: '0',
    HEDDLE_DATA_DIR: dataDir,
    HEDDLE_BOOTSTRAP_ADMIN_KEY: adminKey,
    HEDDLE_LOG_LEVEL: 'info',
    HEDDLE_RATE_LIMIT: '1000000',
    HEDDLE_DRAIN_MS: '2000',
    ...options.env,
  });
  const logs: string[] = [];
  const app = await createApp(config, createLogger(config, { write: (line) => logs.push(line) }));
  const { url, dialects } = await serve(app, config);
  const api = new ApiClient(url, adminKey);
  return {
    app,
    url,
    dialects,
    adminKey,
    api,
    dataDir,
    logs,
    async createKey({ role = 'operator', ...rest } = {}) {
      const { status, body } = await api.post<{ id: string; key: string }>('/api-keys', { name: `test ${role}`, role, ...rest });
      if (status !== 201) throw new Error(`POST /api-keys answered ${status}: ${JSON.stringify(body)}`);
      return { id: body.id, key: body.key, api: api.withKey(body.key) };
    },
    async close() {
      await app.close();
      if (options.env?.['HEDDLE_DATA_DIR'] === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
