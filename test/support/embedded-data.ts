import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../../src/platform/database/index.js';
import { loadConfig } from '../../src/config/index.js';
import { createLogger } from '../../src/platform/logging/index.js';
import { copyDir, templateDir } from './template-cache.js';

/** A data directory with a migrated, empty embedded database: opens in a moment, where a new one takes seconds. */
export async function createDataDir(): Promise<string> {
  const template = await templateDir('embedded', async (draft) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'heddle-template-'));
    const config = loadConfig({ HEDDLE_DATA_DIR: dataDir, HEDDLE_LOG_LEVEL: 'error' });
    const database = await Database.open(config, createLogger(config));
    await database.close();
    copyDir(join(dataDir, 'pg'), draft);
    rmSync(dataDir, { recursive: true, force: true });
  });
  const dataDir = mkdtempSync(join(tmpdir(), 'heddle-test-'));
  const copy = join(dataDir, 'pg.copy');
  mkdirSync(dataDir, { recursive: true });
  copyDir(template, copy);
  renameSync(copy, join(dataDir, 'pg'));
  return dataDir;
}
