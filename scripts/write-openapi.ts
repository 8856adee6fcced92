/**
 * Writes openapi.json from the built application; with `--check`, fails instead when the file is not what would be written.
 * Needs `npm run build` before, and neither a database nor any configuration.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

type Setup = typeof import('../src/app.setup.js');
type OpenApi = typeof import('../src/platform/http/openapi.js');
type Config = typeof import('../src/config/index.js');

const ROOT = join(import.meta.dirname, '..');
const FILE = join(ROOT, 'openapi.json');

async function built<T>(module: string): Promise<T> {
  return (await import(join(ROOT, 'dist', 'src', module))) as T;
}

const { describeApp } = await built<Setup>('app.setup.js');
const { buildOpenApi } = await built<OpenApi>('platform/http/openapi.js');
const { loadConfig } = await built<Config>('config/index.js');

const app = await describeApp(loadConfig({ HEDDLE_LOG_LEVEL: 'error' }));
const text = `${JSON.stringify(buildOpenApi(app), null, 2)}\n`;
await app.close();

if (process.argv.includes('--check')) {
  const present = await readFile(FILE, 'utf8').catch(() => '');
  if (present !== text) {
    process.stderr.write('openapi.json is not what the code describes: run `npm run openapi` and commit it\n');
    process.exit(1);
  }
} else {
  await writeFile(FILE, text);
}
