// Installs the peers when they are missing, compiles, and runs a script of the bench: `node bench/start.mjs run --quick`.
// The result of the compilation lies outside of bench/, because there `pg` would be the peers' copy, not the product's.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const [script = 'run', ...args] = process.argv.slice(2);
const inherit = { cwd: root, stdio: 'inherit' };

if (!existsSync(join(root, 'bench', 'node_modules'))) {
  execFileSync('npm', ['ci', '--prefix', 'bench', '--ignore-scripts', '--no-audit', '--no-fund'], inherit);
}
execFileSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'bench'], inherit);

const child = spawn(process.execPath, [join(root, 'node_modules', '.cache', 'heddle-bench', 'bench', `${script}.js`), ...args], inherit);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void child.kill(signal));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
