import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/index.js';
import { createLogger, NestLogger } from './index.js';

function capture(env: Record<string, string> = {}): { logger: ReturnType<typeof createLogger>; lines: string[] } {
  const lines: string[] = [];
  const logger = createLogger(loadConfig({ HEDDLE_LOG_LEVEL: 'debug', ...env }), { write: (line) => lines.push(line) });
  return { logger, lines };
}

describe('the log', () => {
  it('is one JSON object a line, with level and time in words', () => {
    const { logger, lines } = capture();
    logger.info({ run_id: 'r1' }, 'run ended');
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      run_id: 'r1',
      msg: 'run ended',
    });
  });

  it('never holds keys, tokens, passwords or configured secrets, wherever they hide', () => {
    const { logger, lines } = capture({ HEDDLE_SECRET_STRIPE: 'sk "quoted" live', HEDDLE_BOOTSTRAP_ADMIN_KEY: 'bootstrap-key-0123456789' });
    logger.info({ headers: { authorization: 'Basic dXNlcjpwYXNz', cookie: 'session=1' }, request: { password: 'p4ssw0rd' } }, 'request');
    logger.warn('got Bearer abcdefghijkl and hdl_AAAABBBBCCCCDDDD from postgres://user:t0psecret@db/heddle');
    logger.error({ err: new Error('refused: sk "quoted" live'), key: 'bootstrap-key-0123456789' }, 'failed');
    const all = lines.join('');
    for (const secret of ['dXNlcjpwYXNz', 'session=1', 'p4ssw0rd', 'abcdefghijkl', 'AAAABBBB', 't0psecret', 'quoted', 'bootstrap-key'])
      expect(all).not.toContain(secret);
    expect(all).toContain('postgres://user:[masked]@db/heddle');
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it('is readable on request: one line, then the stack', () => {
    const { logger, lines } = capture({ HEDDLE_LOG_PRETTY: '1' });
    logger.warn({ err: new Error('boom'), attempt: 2 }, 'trying again');
    // eslint-disable-next-line no-control-regex
    const plain = (lines[0] ?? '').replaceAll(/\u001b\[\d+m/g, '');
    expect(plain).toMatch(/^\d\d:\d\d:\d\d\.\d{3} warn {2}trying again attempt=2\n {4}Error: boom\n/);
  });

  it('takes what Nest says, quietly', () => {
    const { logger, lines } = capture({ HEDDLE_LOG_LEVEL: 'info' });
    const nest = new NestLogger(logger);
    nest.log('started', 'NestFactory');
    nest.error('broken', 'Error: stack', 'Router');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'error', context: 'Router', stack: 'Error: stack', msg: 'broken' });
  });
});
