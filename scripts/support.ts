import { readFileSync, rmSync, writeFileSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../src/config/index.js';
import { Database } from '../src/platform/database/index.js';
import { createLogger } from '../src/platform/logging/index.js';

/** Writes a generated file, or with `--check` fails when it is not what it would be. Paths are below the package's root. */
export function writeOrCheck(file: string, content: string, command: string): void {
  const current = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (!process.argv.includes('--check')) {
    if (current !== content) writeFileSync(file, content);
    process.stdout.write(`${file} ${current === content ? 'is up to date' : 'written'}\n`);
    return;
  }
  if (current === content) return;
  process.stderr.write(`${file} is out of date: run \`${command}\` and commit the result\n${firstDifference(current, content)}`);
  process.exitCode = 1;
}

function firstDifference(current: string, content: string): string {
  const [before, after] = [current.split('\n'), content.split('\n')];
  const at = after.findIndex((line, index) => line !== before[index]);
  const line = at < 0 ? after.length : at;
  return `line ${line + 1}:\n- ${before[line] ?? '(end)'}\n+ ${after[line] ?? '(end)'}\n`;
}

/** Does something with a fresh embedded database that has every migration. */
export async function withFreshDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'heddle-schema-'));
  const config = loadConfig({ HEDDLE_DATA_DIR: dataDir, HEDDLE_LOG_LEVEL: 'error' });
  const database = await Database.open(config, createLogger(config));
  try {
    return await work(database);
  } finally {
    await database.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
