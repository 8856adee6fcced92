import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/index.js';
import { createLogger } from '../logging/index.js';
import { Drain, HealthRegistry, Lifecycle, ShutdownRegistry } from './index.js';

function build(env: Record<string, string> = {}) {
  const lines: string[] = [];
  const config = loadConfig({ HEDDLE_DRAIN_MS: '50', ...env });
  const logger = createLogger(config, { write: (line) => lines.push(line) });
  const drain = new Drain();
  const registry = new ShutdownRegistry(logger);
  return { lines, drain, registry, lifecycle: new Lifecycle(drain, registry, config, logger) };
}

describe('a shutdown', () => {
  it('runs its phases one after the other, whatever order they were registered in', async () => {
    const { registry, lifecycle, drain } = build();
    const order: string[] = [];
    drain.register(() => order.push('streams end'));
    registry.register('close', 'files', () => void order.push('close'));
    registry.register('stop-work', 'engine', async () => {
      await Promise.resolve();
      order.push('stop-work');
    });
    registry.register('drain', 'requests', () => void order.push('drain'));
    registry.register('stop-accepting', 'claims', () => void order.push('stop-accepting'));
    lifecycle.markStarted();
    expect(lifecycle.unready).toBeNull();
    await Promise.all([lifecycle.shutdown('test'), lifecycle.shutdown('twice')]);
    expect(order).toEqual(['streams end', 'stop-accepting', 'drain', 'stop-work', 'close']);
    expect(lifecycle.unready).toBe('the server is shutting down');
  });

  it('goes on when a hook fails or never ends, and names it', async () => {
    const { registry, lifecycle, lines } = build();
    let closed = false;
    let told = false;
    registry.register('drain', 'stuck', (deadline) => {
      deadline.addEventListener('abort', () => (told = true));
      return new Promise<void>(() => {});
    });
    registry.register('stop-work', 'broken', () => Promise.reject(new Error('no')));
    registry.register('close', 'last', () => void (closed = true));
    await lifecycle.shutdown('test');
    expect({ closed, told }).toEqual({ closed: true, told: true });
    expect(lines.join('')).toContain('"unfinished":["stuck"]');
    expect(lines.join('')).toContain('"name":"broken"');
  });

  it('closes at once what registers too late', () => {
    const { drain } = build();
    drain.begin();
    let closed = false;
    drain.register(() => (closed = true));
    expect(closed).toBe(true);
  });
});

describe('health checks', () => {
  it('fail with their own words, or for their silence', async () => {
    const health = new HealthRegistry();
    health.register('fine', () => {});
    health.register('broken', () => {
      throw new Error('out of order');
    });
    expect(await health.failing()).toEqual([{ name: 'broken', message: 'out of order' }]);
    expect(() => health.register('fine', () => {})).toThrow('registered twice');
    health.register('silent', () => new Promise<void>(() => {}));
    expect(await health.failing()).toContainEqual({ name: 'silent', message: 'no answer within 2000 ms' });
  });
});
