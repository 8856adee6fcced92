import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { BenchContext } from './bench-context.js';
import { bench } from './paths.js';
import { heading, number, print } from './report.js';
import { percentile } from './statistics.js';

const PEERS = ['@dbos-inc/dbos-sdk', '@restatedev/restate-server', '@restatedev/restate-sdk'];
const SYNCS = 200;

/** Everything that numbers depend on. */
export async function machine(context: BenchContext): Promise<void> {
  const { rounds, seconds, quick } = context.options;
  heading('Machine');
  const [cpu] = cpus();
  print(
    `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${number(totalmem() / 2 ** 30)} GiB; Node ${process.version}; load ${loadavg().map(number).join(' ')}`,
  );
  print(`a write and fdatasync of 8 KiB in ${tmpdir()}: ${number(syncTime())} ms (median)`);
  print(PEERS.map((name) => `${name} ${versionOf(name)}`).join(', '));
  const settings = await (await context.postgres()).settings();
  print(
    `Postgres ${Object.entries(settings)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')}`,
  );
  print(`${rounds} rounds of ${seconds} s, medians${quick ? '; --quick: SMOKE RUN, the numbers mean nothing' : ''}`);
}

function versionOf(name: string): string {
  return (JSON.parse(readFileSync(bench('node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;
}

function syncTime(): number {
  const dir = mkdtempSync(join(tmpdir(), 'heddle-bench-sync-'));
  const file = openSync(join(dir, 'file'), 'w');
  const times = Array.from({ length: SYNCS }, () => {
    const startedAt = performance.now();
    writeSync(file, Buffer.alloc(8192));
    fdatasyncSync(file);
    return performance.now() - startedAt;
  });
  closeSync(file);
  rmSync(dir, { recursive: true });
  return percentile(times, 0.5);
}
