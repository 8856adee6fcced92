import { createHash, randomUUID } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const CACHE = join(ROOT, 'node_modules', '.cache', 'heddle-test');

/** Changes whenever a migration or the embedded database does. */
function schemaHash(): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'node_modules/@electric-sql/pglite/package.json')));
  for (const file of readdirSync(join(ROOT, 'migrations')).toSorted()) hash.update(readFileSync(join(ROOT, 'migrations', file)));
  return hash.digest('hex').slice(0, 12);
}

/** A directory that is built once per schema and then only copied. Two test processes may build it at once; one result stays. */
export async function templateDir(name: string, build: (draft: string) => Promise<void>): Promise<string> {
  const dir = join(CACHE, `${name}-${schemaHash()}`);
  if (existsSync(dir)) return dir;
  mkdirSync(CACHE, { recursive: true });
  const draft = join(CACHE, `draft-${randomUUID()}`);
  await build(draft);
  try {
    renameSync(draft, dir);
  } catch (error) {
    if (!existsSync(dir)) throw error;
    rmSync(draft, { recursive: true, force: true });
  }
  return dir;
}

/** Copies with owners and modes: a server's data directory belongs to the server's user. */
export function copyDir(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to]);
}
