// `npm start`: builds when the sources are newer than the build, then serves with the quick start's settings.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';

const ENTRY = new URL('../dist/src/main.js', import.meta.url);
const ROOT = new URL('..', import.meta.url);

function stale() {
  if (!existsSync(ENTRY)) return true;
  const built = statSync(ENTRY).mtimeMs;
  return globSync(['src/**/*.ts', 'migrations/*.ts', 'package.json'], { cwd: ROOT }).some(
    (file) => statSync(new URL(file, ROOT)).mtimeMs > built,
  );
}

if (stale()) {
  process.stderr.write('building …\n');
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
}
process.env.HEDDLE_QUICKSTART ??= '1';
await import(ENTRY.href);
