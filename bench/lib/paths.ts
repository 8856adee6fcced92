import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BUILT = join(import.meta.dirname, '..');

/** The repository. What runs is compiled into `node_modules/.cache/heddle-bench/bench`. */
export const ROOT = join(BUILT, '..', '..', '..', '..');

export const compiled = (...path: string[]): string => join(BUILT, ...path);
export const bench = (...path: string[]): string => join(ROOT, 'bench', ...path);

const scratch: string[] = [];
process.once('exit', () => {
  for (const dir of scratch) rmSync(dir, { recursive: true, force: true });
});

/** A directory for databases, gone when the bench ends. On the disk of `TMPDIR`: it has to be a real one. */
export function scratchDir(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), `heddle-bench-${name}-`));
  // Postgres runs as another user when we are root, and has to pass through.
  chmodSync(dir, 0o711);
  scratch.push(dir);
  return dir;
}
