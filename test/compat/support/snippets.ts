import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LIMIT_MS = 60_000;

/** What a documented command prints, run by bash as it stands. */
export async function bash(script: string): Promise<string> {
  return (await run('bash', ['-eu', '-o', 'pipefail', '-c', script], { timeout: LIMIT_MS })).stdout;
}

/** What a documented script for browsers and Node prints. `EventSource` and `WebSocket` are there, as in a browser. */
export async function javascript(script: string): Promise<string> {
  return (
    await run(process.execPath, ['--no-warnings', '--experimental-eventsource', '--input-type=module', '-e', script], { timeout: LIMIT_MS })
  ).stdout;
}

export async function python(script: string): Promise<string> {
  return (await run('python3', ['-u', '-c', script], { timeout: LIMIT_MS })).stdout;
}

export function hasPython(module?: string): Promise<boolean> {
  return python(module === undefined ? '' : `import ${module}`).then(
    () => true,
    () => false,
  );
}
