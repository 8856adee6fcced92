import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../engine/index.js';
import { shellConfig, shellOutputs } from './shell-command.js';

const WEEK = 604_800_000;

describe('a command', () => {
  it.each<[JsonObject, JsonObject]>([
    [{ command: 'ls' }, { command: 'ls', args: [] }],
    [
      { command: 'ls', args: ['-l', 5] },
      { command: 'ls', args: ['-l', '5'] },
    ],
    [
      { command: 'ls', args: ' -l  /tmp ' },
      { command: 'ls', args: ['-l', '/tmp'] },
    ],
    [{ command: 'echo', args: ['a', '| cat'], shell: true }, { script: 'echo a | cat' }],
    [
      { command: 'ls', workdir: 'x', timeout: 1.5, fail_on_error: false },
      { workdir: 'x', timeout_ms: 1_500, fail_on_error: false },
    ],
    [{ command: 'ls' }, { timeout_ms: WEEK, fail_on_error: true, env: {} }],
    [{ command: 'ls', env: { A: 'x', B: 5 }, env_passthrough: { A: 'y', C: null } }, { env: { A: 'x', B: '5', C: null } }],
    [{ command: 'cat', stdin: 'text' }, { stdin: 'text' }],
  ])('%j becomes %j', (config, expected) => {
    expect(shellConfig(config, {})).toMatchObject(expected);
  });

  it.each<JsonObject>([{}, { command: '' }, { command: 5 }])('%j is none', (config) => {
    expect(() => shellConfig(config, {})).toThrow('Configuration error: command is required');
  });
});

describe('inputs', () => {
  it.each<[JsonObject, string | undefined]>([
    [{}, undefined],
    [{ stdin: 'text', a: 1 }, 'text'],
    [{ stdin: { a: 1 } }, '{"a":1}'],
    [{ stdin: { type: 'Bytes', value: [104, 195, 164] } }, 'hä'],
    [{ url: 'u', n: 1 }, '{"url":"u","n":1}'],
  ])('%j are %s on standard input', (ports, stdin) => {
    expect(shellConfig({ command: 'cat' }, ports)['stdin']).toBe(stdin);
  });

  it.each<[JsonObject, JsonObject]>([
    [
      { url: 'u', 'my-port.2': 1, '2nd': true },
      { URL: 'u', MY_PORT_2: '1', _2ND: 'true' },
    ],
    [{ data: { a: [1] }, none: null, stdin: 'x' }, { DATA: '{"a":[1]}' }],
    [{ path: '/evil', ld_preload: 'x', 'bash env': 'x', node_options: 'x', http_proxy: 'x', heddle_run_id: 'x' }, {}],
    [{ long: 'x'.repeat(65_537), nul: 'a\0b', ok: 'x' }, { OK: 'x' }],
  ])('%j are exported as %j', (ports, env) => {
    expect(shellConfig({ command: 'env' }, ports)['env']).toEqual(env);
  });

  it('give way to what the definition sets', () => {
    expect(shellConfig({ command: 'env', env: { URL: 'set' } }, { url: 'given' })['env']).toEqual({ URL: 'set' });
  });
});

it.each<[JsonObject, JsonObject, JsonObject]>([
  [
    {},
    { stdout: '{"a": 1}\n\n', stderr: 'e\n', exit_code: 0 },
    { output: { a: 1 }, stdout: '{"a": 1}', stderr: 'e\n', exit_code: 0, success: true },
  ],
  [{}, { stdout: 'plain\r\n', stderr: '', exit_code: 3 }, { output: 'plain', stdout: 'plain', stderr: '', exit_code: 3, success: false }],
  [
    { strip_trailing_newline: false, capture_stderr: false },
    { stdout: 'x\n', stderr: 'e', exit_code: 0 },
    { output: 'x\n', stdout: 'x\n', stderr: '', exit_code: 0, success: true },
  ],
  [
    { capture_stdout: false },
    { stdout: 'x', stderr: '', exit_code: 0 },
    { output: '', stdout: '', stderr: '', exit_code: 0, success: true },
  ],
])('with %j, of %j goes out %j', (config, left, outputs) => {
  expect(shellOutputs(config, left)).toEqual(outputs);
});
