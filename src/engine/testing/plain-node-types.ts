import { execFile } from 'node:child_process';
import type { Json, JsonObject } from '../model/json.js';
import { StepError } from '../model/step-error.js';
import type { DurableCall, NodeCall, NodeType, NodeTypeSpec } from '../ports/node-type.js';

/** The simplest node types that keep the contracts of the shipped ones of the same names; commands run in a real shell. */
export const PLAIN_NODE_TYPES: readonly NodeType[] = [
  { ...spec('transform.set'), pure: true, execute: async ({ config }: NodeCall) => config['values'] ?? {} },
  {
    ...spec('control.fail'),
    pure: true,
    execute: async ({ config }: NodeCall) => {
      throw new StepError(String(config['code'] ?? 'failed'), String(config['message']), { retryable: false });
    },
  },
  {
    ...spec('debug.log'),
    pure: true,
    execute: async (call: NodeCall) => {
      call.log('info', String(call.config['message']));
      return { message: call.config['message'] ?? '' };
    },
  },
  {
    ...spec('time.delay'),
    pure: false,
    durable: true,
    execute: async (call: DurableCall) => {
      await call.sleepUntil('until', (await call.startedAt()) + Number(call.config['delay_ms']));
      return {};
    },
  },
  { ...spec('shell.exec'), pure: false, execute: runShell },
];

function runShell({ config, signal }: NodeCall): Promise<Json> {
  const text = String(config['script']);
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', ...(config['env'] as Record<string, string> | undefined) };
  const cwd = typeof config['workdir'] === 'string' ? config['workdir'] : '/tmp';
  return new Promise((resolve, reject) => {
    const timeout = Number(config['timeout_ms']);
    const child = execFile('/bin/sh', ['-c', text], { env, cwd, signal, timeout }, (error, stdout, stderr) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (error?.killed === true) return reject(new StepError('timeout', `not done within ${timeout} ms`, { details: { stdout, stderr } }));
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      if (code !== 0 && config['fail_on_error'] !== false) return reject(new StepError('command_failed', stderr));
      resolve({ stdout, stderr, exit_code: code });
    });
    // A command need not read its input.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(typeof config['stdin'] === 'string' ? config['stdin'] : '');
  });
}

function spec(type: string): Omit<NodeTypeSpec, 'pure'> {
  const any: JsonObject = {};
  return { type, category: 'test', description: type, configSchema: any, inputSchema: any, outputSchema: any };
}
